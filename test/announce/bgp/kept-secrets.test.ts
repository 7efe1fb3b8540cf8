import { expect, test } from 'vitest'
import { keptSecrets, withoutSecrets } from '../../../src/announce/bgp/kept-secrets.ts'
import type { BgpObjects } from '../../../src/announce/bgp/objects.ts'

const objects = {
  peers: [
    { name: 'tor', password: { kind: 'secret', secret: 'metallb-system/tor' } },
    { name: 'spine', password: { kind: 'text', text: 'x' } },
    { name: 'open', password: { kind: 'none' } },
  ],
  secrets: new Map([['metallb-system/tor', {}]]),
} as unknown as BgpObjects

test('passwords in Secrets are left to the program that speaks BGP, and only those', () => {
  const { peers, secrets } = withoutSecrets(objects)
  expect(peers.map(({ password }) => password.kind)).toEqual(['none', 'text', 'none'])
  expect(secrets.size).toBe(0)
  expect([...keptSecrets(objects)]).toEqual([['tor', 'metallb-system/tor']])
})
