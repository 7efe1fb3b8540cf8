import { expect, test } from 'vitest'
import type { NodeView } from '../../src/model/node.ts'
import { decodeNode } from '../../src/watch/decode-node.ts'

function decoded(json: object): NodeView {
  const result = decodeNode({ metadata: { name: 'node-a' }, ...json }, 'node.yaml')
  if (result.kind !== 'node') throw new Error(JSON.stringify(result))
  return result.node
}

function addresses(...entries: readonly (readonly [string, string])[]): object {
  return { status: { addresses: entries.map(([type, address]) => ({ type, address })) } }
}

test('reads name, zone, addresses and pod ranges', () => {
  const json = {
    metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'zone-1', other: 1 } },
    spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] },
    ...addresses(
      ['Hostname', 'node-a'],
      ['InternalIP', '192.0.2.1'],
      ['InternalIP', '2001:DB8:1::1'],
    ),
  }
  expect(decoded(json)).toEqual({
    name: 'node-a',
    zone: 'zone-1',
    addresses: ['192.0.2.1', '2001:db8:1::1'],
    podCidrs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
  })
})

test('podCIDR serves where podCIDRs is absent', () => {
  expect(decoded({ spec: { podCIDR: '10.244.1.0/24' } }).podCidrs).toEqual(['10.244.1.0/24'])
})

test('a range of pods that is no text is told, and the others count', () => {
  const json = { metadata: { name: 'node-a' }, spec: { podCIDRs: [7, '10.244.1.0/24'] } }
  const result = decodeNode(json, 'node.yaml')
  expect(result).toMatchObject({ kind: 'node', node: { podCidrs: ['10.244.1.0/24'] } })
  expect(result.problems.map(({ path }) => path)).toContain('spec.podCIDRs[0]')
})

test('an ExternalIP counts in a family that has no InternalIP', () => {
  const both = addresses(
    ['ExternalIP', '198.51.100.1'],
    ['ExternalIP', '2001:db8:2::1'],
    ['InternalIP', '192.0.2.1'],
  )
  expect(decoded(both).addresses).toEqual(['192.0.2.1', '2001:db8:2::1'])
  expect(decoded(both).furtherAddresses).toEqual(['198.51.100.1'])
})

test('a Node without addresses is noted', () => {
  const result = decodeNode({ metadata: { name: 'node-a' } }, 'node.yaml')
  expect(result.kind).toBe('node')
  expect(result.problems.map(({ severity }) => severity)).toEqual(['note'])
})
