import { expect, test } from 'vitest'
import { poolsOf } from '../../src/allocate/pool-objects.ts'
import { decodeAddressPool } from '../../src/decode/allocation/address-pool.ts'
import { decodeOldConfigMap } from '../../src/decode/allocation/old-config-map.ts'
import { said } from './said.ts'

const metadata = { name: 'config', namespace: 'metallb-system' }

function decode(config: unknown) {
  return decodeOldConfigMap({ metadata, data: { config } }, 'config.yaml')
}

function poolsIn(config: string) {
  const result = decode(config)
  if (result.kind !== 'pools') throw new Error(JSON.stringify(said(result.problems)))
  return { pools: result.pools, said: said(result.problems) }
}

test('pools of both protocols are read, and the rest is passed over', () => {
  const { pools, said } = poolsIn(`
peers:
- my-asn: 64500
  peer-asn: 64501
  peer-address: 10.0.0.1
bgp-communities:
  no-export: 65535:65281
address-pools:
- name: my_ip space
  protocol: layer2
  addresses:
  - 192.0.2.0/28
  - 198.51.100.1-198.51.100.9
- name: public
  protocol: bgp
  avoid-buggy-ips: true
  auto-assign: false
  addresses: ['203.0.113.0/24']
  bgp-advertisements:
  - aggregation-length: 32
`)
  expect(said).toEqual([])
  const origin = { kind: 'ConfigMap', namespace: 'metallb-system', name: 'config' }
  expect(pools).toMatchObject([
    { name: 'my_ip space', origin, automatic: true, avoidsEnds: false, audience: undefined },
    { name: 'public', origin, automatic: false, avoidsEnds: true },
  ])
  expect(pools.map(({ ranges }) => ranges.length)).toEqual([2, 1])
})

test.each([
  ['another text', 'nothing: here'],
  ['no text', 7],
  ['no data', undefined],
  ['a mention alone', '# no address-pools here'],
  ['a mention in a value', 'note: address-pools'],
])('a ConfigMap with %s is not MetalLB’s', (_, config) => {
  expect(decode(config)).toEqual({ kind: 'ignored', reason: 'no-pools', problems: [] })
})

test.each([
  ['no YAML', 'address-pools: [', /data\.config: found a syntax error .* in line 1, expected YAML/],
  ['no list', 'address-pools: 7', /data\.config\.address-pools: found 7, expected a list/],
  ['an empty list', 'address-pools: []', /expected at least one pool/],
  ['a pool without a name', 'address-pools: [{protocol: bgp, addresses: [10.0.0.0/8]}]', /name/],
])('%s is invalid and says why', (_, config, told) => {
  const result = decode(config)
  expect(result.kind).toBe('invalid')
  expect(said(result.problems)).toEqual([expect.stringMatching(told)])
})

test('a bad pool is left out, and the others count', () => {
  const { pools, said } = poolsIn(`
address-pools:
- {name: a, protocol: layer3, addresses: [192.0.2.0/24]}
- {name: b, protocol: layer2, addresses: [192.0.2.1]}
- {name: c, protocol: layer2, addresses: []}
- {name: d, protocol: layer2, addresses: [192.0.2.0/24]}
`)
  expect(pools.map(({ name }) => name)).toEqual(['d'])
  expect(said).toEqual([
    'data.config.address-pools[0].protocol: found "layer3", expected layer2 or bgp',
    expect.stringContaining('data.config.address-pools[1].addresses[0]: found "192.0.2.1"'),
    expect.stringContaining('data.config.address-pools[2].addresses: found an empty list'),
  ])
})

test('old pools count only where there is no IPAddressPool', () => {
  const { pools: old } = poolsIn(
    'address-pools: [{name: a, protocol: bgp, addresses: [10.0.0.0/8]}]',
  )
  const json = { metadata: { name: 'new' }, spec: { addresses: ['192.0.2.0/24'] } }
  const current = decodeAddressPool(json, 'pool.yaml')
  if (current.kind !== 'pool') throw new Error(current.kind)
  expect(poolsOf(old, []).pools.map(({ name }) => name)).toEqual(['a'])
  const both = poolsOf([...old, current.pool], [])
  expect(both.pools.map(({ name }) => name)).toEqual(['new'])
  expect(both.problems).toEqual([
    {
      object: 'ConfigMap/metallb-system/config',
      message: 'its address-pools do not count, because there are IPAddressPools: remove it',
    },
  ])
})
