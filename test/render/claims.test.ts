import { expect, test } from 'vitest'
import { type Claim, distinct } from '../../src/frontend/claims.ts'
import type { Address, Port } from '../../src/model/address.ts'
import { nodePortKey, vipKey } from '../../src/model/frontend-id.ts'

const VIP = vipKey('192.0.2.1', 'tcp', 30_080)

function claim(kind: Claim['kind'], special: Partial<Claim> = {}): Claim {
  return {
    kind,
    key: VIP,
    address: '192.0.2.1' as Address,
    port: { name: '', protocol: 'tcp', port: 80 as Port, nodePort: 30_080 as Port },
    forbidden: undefined,
    amongNodePorts: false,
    ...special,
  }
}

const forbidden = claim('load-balancer', { forbidden: { kind: 'node-address' } })
const allowed = claim('external-ip')
const nodePort = claim('node-port', { address: undefined })

test.each<[string, readonly Claim[], Claim]>([
  ['the one that is allowed, asked for first', [allowed, forbidden], allowed],
  ['the one that is allowed, asked for last', [forbidden, allowed], allowed],
  ['the first of two that are allowed', [allowed, claim('load-balancer')], allowed],
  ['the address rather than the NodePort there', [nodePort, allowed], allowed],
])('of what a Service asks for twice, it has %s', (_, claims, kept) => {
  expect(distinct(claims)).toEqual([kept])
})

test('what is asked for once stays as it is', () => {
  const claims = [allowed, { ...nodePort, key: nodePortKey('tcp', 30_080) }]
  expect(distinct(claims)).toBe(claims)
})
