import { expect, test } from 'vitest'
import { AllocationStore } from '../../src/watch/allocation-store.ts'
import type { Resource } from '../../src/watch/resources.ts'

const FOLLOWED: readonly Resource[] = [
  ...(['all-services', 'ipaddresspools', 'namespaces', 'nodes', 'endpointslices'] as const),
  'configmaps',
]

function started() {
  const problems = new Map<string, number>()
  const store = new AllocationStore({
    classes: () => [],
    followed: FOLLOWED,
    read: (object, found) => problems.set(object, found.length),
  })
  const take = (resource: Resource, rest: object, metadata: object = {}): boolean => {
    const object = { metadata: { name: 'it', namespace: 'shop', ...metadata }, ...rest }
    return store.apply({ kind: 'object', resource, object })
  }
  const gone = (resource: Resource): boolean =>
    store.apply({ kind: 'deleted', resource, namespace: 'shop', name: 'it' })
  return { store, problems, take, gone }
}

const web = { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }
const label = { 'kubernetes.io/service-name': 'web' }
const pools = 'address-pools: [{name: old, protocol: layer2, addresses: [192.0.2.30/32]}]'

test.each<[Resource, object, object, string]>([
  ['all-services', web, {}, 'services'],
  ['services', web, {}, 'services'],
  ['ipaddresspools', { spec: { addresses: ['192.0.2.0/24'] } }, {}, 'pools'],
  ['configmaps', { data: { config: pools } }, { name: 'it' }, 'pools'],
  ['namespaces', {}, {}, 'namespaces'],
  ['nodes', { status: {} }, {}, 'nodes'],
  [
    'endpointslices',
    { addressType: 'IPv4', endpoints: [{ nodeName: 'n1', targetRef: { kind: 'Pod' } }] },
    { labels: label },
    'podNodes',
  ],
])('an object of %s counts while it is there', (resource, object, metadata, kept) => {
  const { store, take, gone } = started()
  const count = (): unknown => (store.objects() as never)[kept]
  expect(take(resource, object, metadata)).toBe(true)
  expect(count()).toHaveLength(1)
  expect(gone(resource)).toBe(true)
  expect(count()).toEqual([])
  expect(gone(resource)).toBe(false)
})

test.each<Resource>(['bgppeers', 'l2advertisements', 'secrets'])(
  'an object of %s says nothing about who has which address',
  (resource) => {
    const { take, gone } = started()
    expect(take(resource, { spec: {} })).toBe(false)
    expect(gone(resource)).toBe(false)
  },
)

test('an object that cannot be read leaves what it said before, and one that never could is known', () => {
  const { store, take, problems } = started()
  take('ipaddresspools', { spec: { addresses: ['192.0.2.0/24'] } })
  take('ipaddresspools', { spec: 'all' })
  expect(store.objects().pools).toHaveLength(1)
  expect(problems.get('IPAddressPool shop/it')).toBe(1)
  take('ipaddresspools', { spec: 'all' }, { name: 'never' })
  expect(store.objects().unreadPools).toEqual(new Set(['never']))
  take('all-services', web, { resourceVersion: '1' })
  take('all-services', { spec: 'all' }, { resourceVersion: '2' })
  expect(store.service('shop/it')).toMatchObject({ kind: 'claimant', status: { version: '2' } })
  take('all-services', { spec: 'all' }, { name: 'never' })
  expect(store.unreadServices()).toEqual(['shop/never'])
})

test('a pool of an old ConfigMap is no more once its text is another', () => {
  const { store, take } = started()
  take('configmaps', { data: { config: pools } })
  expect(take('configmaps', { data: { other: '' } })).toBe(true)
  expect(store.objects().pools).toEqual([])
  expect(take('configmaps', { data: { other: '' } })).toBe(false)
})

test('an IPAddressPool is found by its name, in one namespace or in any', () => {
  const { store, take } = started()
  take('ipaddresspools', { spec: { addresses: [] } }, { uid: 'u1' })
  expect(store.pool('it')).toEqual({ namespace: 'shop', uid: 'u1' })
  expect(store.pool('it', 'shop')).toEqual({ namespace: 'shop', uid: 'u1' })
  expect(store.pool('it', 'other')).toBeUndefined()
  expect(store.pool('other')).toBeUndefined()
})
