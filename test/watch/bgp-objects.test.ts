import { expect, test } from 'vitest'
import type { BgpObjects } from '../../src/announce/bgp/objects.ts'
import { byText } from '../../src/model/compare-text.ts'
import { BgpObjectStore } from '../../src/watch/bgp-objects.ts'
import { BGP_RESOURCES, type BgpResource } from '../../src/watch/bgp-resources.ts'
import { NODE_RESOURCES, type Resource } from '../../src/watch/resources.ts'

const FOLLOWED: readonly Resource[] = ['ipaddresspools', ...BGP_RESOURCES, ...NODE_RESOURCES]
const spec = { myASN: 64500, peerASN: 64501, peerAddress: '10.0.0.1' }
const KEY = 'metallb-system/tor'

function started() {
  const store = new BgpObjectStore(FOLLOWED)
  const metadata = { name: 'tor', namespace: 'metallb-system' }
  const take = (resource: BgpResource, rest: object): boolean =>
    store.apply({ kind: 'object', resource, object: { metadata, ...rest }, origin: 'x.yaml' })
  const list = (resource: Resource, ...names: readonly string[]): boolean =>
    store.apply({ kind: 'listed', resource, names: new Set(names) })
  return { store, take, list }
}

test('nothing is decided before every kind was listed', () => {
  const { store, list } = started()
  for (const each of FOLLOWED) {
    expect(store.complete()).toBe(false)
    expect(list(each)).toBe(true)
  }
  expect(store.complete()).toBe(true)
})

test('only what changes something is news', () => {
  const { store, take, list } = started()
  expect(take('bgppeers', { spec })).toBe(true)
  expect(take('bgppeers', { spec })).toBe(false)
  expect(list('bgppeers', KEY)).toBe(true)
  expect(list('bgppeers', KEY)).toBe(false)
  expect(list('bgppeers')).toBe(true)
  expect(store.objects().peers).toEqual([])
})

test('an object that changes its version stays', () => {
  const { store, take, list } = started()
  take('bgppeers-v1beta1', { apiVersion: 'metallb.io/v1beta1', spec })
  list('bgppeers-v1beta1', KEY)
  take('bgppeers', { spec })
  list('bgppeers', KEY)
  list('bgppeers-v1beta1')
  expect(store.objects().peers).toHaveLength(1)
  store.apply({ kind: 'deleted', resource: 'bgppeers', namespace: 'metallb-system', name: 'tor' })
  expect(store.objects().peers).toEqual([])
})

test('one that turns bad stays as it was, and is told until it is right or gone', () => {
  const { store, take, list } = started()
  take('bgppeers', { spec })
  expect(take('bgppeers', { spec: { ...spec, myASN: 'x' } })).toBe(true)
  expect(store.objects().peers).toMatchObject([{ myAsn: 64500 }])
  expect(store.problems()).toEqual([
    { object: 'BGPPeer/tor', message: expect.stringMatching(/^spec\.myASN: found "x"/) },
  ])
  expect(take('bgppeers', { spec })).toBe(true)
  expect(store.problems()).toEqual([])
  take('bgppeers', { spec: {} })
  list('bgppeers')
  expect(store.problems()).toEqual([])
})

test('Secrets that peers name are known when all peers are', () => {
  const { store, take, list } = started()
  take('bgppeers', { spec: { ...spec, passwordSecret: { name: 'key' } } })
  list('bgppeers', KEY)
  expect(store.secretNames()).toBeUndefined()
  list('bgppeers-v1beta1')
  expect(store.secretNames()).toEqual(['metallb-system/key'])
})

/** The entries of the ConfigMap of MetalLB up to 0.12, each of which a test may spoil. */
const OLD = {
  peers: [
    { name: 'tor', 'my-asn': 64500, 'peer-asn': 64501, 'peer-address': '10.0.0.1' },
    { 'my-asn': 64500, 'peer-asn': 64501, 'peer-address': '10.0.0.2', 'bfd-profile': 'fast' },
  ],
  'bfd-profiles': [{ name: 'fast', 'receive-interval': 100 }],
  'bgp-communities': { far: '64500:1', near: '64500:2' },
  'address-pools': [
    {
      ...{ name: 'vips', protocol: 'bgp', addresses: ['198.51.100.0/24'] },
      'bgp-advertisements': [{ localpref: 100 }, { localpref: 200, 'aggregation-length': 24 }],
    },
    { name: 'lan', protocol: 'layer2', addresses: ['203.0.113.0/24'] },
  ],
}
const [tor, second] = OLD.peers
const [vips, lan] = OLD['address-pools']

function withOldConfigMap() {
  const store = new BgpObjectStore([...FOLLOWED, 'metallb-config'])
  const metadata = { name: 'config', namespace: 'metallb-system' }
  const takeText = (config: string): boolean => {
    const object = { metadata, data: { config } }
    return store.apply({ kind: 'object', resource: 'metallb-config', object, origin: 'x.yaml' })
  }
  const take = (change: object = {}): boolean => takeText(JSON.stringify({ ...OLD, ...change }))
  take()
  return { store, take, takeText }
}

test.each<[what: string, change: object, told: RegExp]>([
  ['a peer', { peers: [{ ...tor, 'peer-asn': 'x' }, second] }, /peers\[0\]\.peer-asn: found "x"/],
  ['one without a name', { peers: [tor, { ...second, port: 1 }] }, /peers\[1\]\.port: found 1/],
  ['one whose name is none', { peers: [{ ...tor, name: 7 }, second] }, /peers\[0\]\S*: found 7/],
  ['one that is nothing', { peers: [tor, 'x'] }, /peers\[1\]: found "x"/],
  ['all peers', { peers: { tor } }, /peers: found/],
  [
    'a BFD profile',
    { 'bfd-profiles': [{ name: 'fast', 'receive-interval': 1 }] },
    /bfd-profiles\[0\]\.receive-interval: found 1/,
  ],
  [
    'a community',
    { 'bgp-communities': { far: 'x', near: '64500:2' } },
    /bgp-communities\.far: found "x"/,
  ],
  ['all communities', { 'bgp-communities': 'x' }, /bgp-communities: found "x"/],
  [
    'an advertisement',
    { 'address-pools': [{ ...vips, 'bgp-advertisements': [{ localpref: 100 }, 'x'] }, lan] },
    /address-pools\[0\]\.bgp-advertisements\[1\]: found "x"/,
  ],
  [
    'all advertisements of a pool',
    { 'address-pools': [{ ...vips, 'bgp-advertisements': 7 }, lan] },
    /address-pools\[0\]\.bgp-advertisements: found 7/,
  ],
  [
    'a pool',
    { 'address-pools': [{ ...vips, addresses: ['x'] }, lan] },
    /address-pools\[0\]\.addresses\[0\]: found "x"/,
  ],
  [
    'a pool of layer 2',
    { 'address-pools': [vips, { ...lan, protocol: 'x' }] },
    /address-pools\[1\]\.protocol: found "x"/,
  ],
  [
    'a pool whose name is none',
    { 'address-pools': [{ ...vips, name: 7 }, lan] },
    /address-pools\[0\]\.name: found 7/,
  ],
])('%s of the old ConfigMap that turns bad stays as it was, and is told', (_, change, told) => {
  const { store, take } = withOldConfigMap()
  const before = store.objects()
  expect(store.unread()).toEqual([])
  expect(take(change)).toBe(true)
  expect(sorted(store.objects())).toEqual(sorted(before))
  expect(store.unread()).toContainEqual({
    object: 'ConfigMap/metallb-system/config',
    message: expect.stringMatching(told),
  })
  take()
  expect(sorted(store.objects())).toEqual(sorted(before))
  expect(store.unread()).toEqual([])
})

/** The order of objects has no meaning. */
function sorted({ peers, advertisements, bfdProfiles, communities, pools }: BgpObjects) {
  const named = [peers, advertisements, bfdProfiles, pools].map((list) =>
    [...list].sort(byText(({ name }: { readonly name: string }) => name)),
  )
  return [...named, communities.map(({ names }) => new Map([...names].toSorted()))]
}

test('what goes from the old ConfigMap goes, whatever else of it is bad', () => {
  const { store, take } = withOldConfigMap()
  take({ peers: [{ ...tor, 'my-asn': 'x' }], 'bfd-profiles': undefined })
  expect(store.objects().peers).toMatchObject([{ name: 'tor', myAsn: 64500 }])
  expect(store.objects().bfdProfiles).toEqual([])
  take({ 'bgp-communities': { far: 'x' }, 'address-pools': [lan] })
  expect(store.objects()).toMatchObject({
    peers: [{ name: 'tor' }, { name: 'peer2' }],
    communities: [{ names: new Map([['far', expect.anything()]]) }],
    advertisements: [],
    pools: [{ name: 'lan' }],
  })
})

test('what was never right in the old ConfigMap is not there', () => {
  const store = new BgpObjectStore([...FOLLOWED, 'metallb-config'])
  const metadata = { name: 'config', namespace: 'metallb-system' }
  const config = JSON.stringify({ ...OLD, peers: [{ ...tor, 'peer-asn': 'x' }, second] })
  const object = { metadata, data: { config } }
  store.apply({ kind: 'object', resource: 'metallb-config', object, origin: 'x.yaml' })
  expect(store.objects().peers).toMatchObject([{ name: 'peer2' }])
})
