import { expect, test } from 'vitest'
import { AnnounceStore } from '../../src/watch/announce-store.ts'
import type { Resource } from '../../src/watch/resources.ts'

const FOLLOWED: readonly Resource[] = ['services', 'l2advertisements']

function started() {
  const told: string[] = []
  const store = new AnnounceStore({
    followed: FOLLOWED,
    read: (object, problems) => told.push(`${object}: ${problems.length}`),
  })
  const take = (resource: Resource, name: string, rest: object): boolean => {
    const object = { metadata: { name, namespace: 'shop' }, ...rest }
    return store.apply({ kind: 'object', resource, object })
  }
  return { store, told, take }
}

const web = { spec: { type: 'LoadBalancer' } }

test('an object that says nothing new is no news', () => {
  const { take, store } = started()
  expect(take('services', 'web', web)).toBe(true)
  expect(take('services', 'web', web)).toBe(false)
  expect(take('services', 'web', { ...web, status: { loadBalancer: {} } })).toBe(false)
  const ingress = [{ ip: '192.0.2.1' }]
  expect(take('services', 'web', { ...web, status: { loadBalancer: { ingress } } })).toBe(true)
  expect(store.objects().services).toMatchObject([{ addresses: ['192.0.2.1'] }])
})

test('a pool is compared with its ranges', () => {
  const { take } = started()
  const pool = (range: string) => take('ipaddresspools', 'home', { spec: { addresses: [range] } })
  expect([pool('192.0.2.0/24'), pool('192.0.2.0/24'), pool('192.0.2.0/25')]).toEqual([
    true,
    false,
    true,
  ])
})

test('an object that cannot be read keeps its former form, and its problems are told', () => {
  const { take, store, told } = started()
  take('l2advertisements', 'home', { spec: { interfaces: ['eth0'] } })
  expect(take('l2advertisements', 'home', { spec: 'all' })).toBe(true)
  expect(take('l2advertisements', 'home', { spec: 'all' })).toBe(false)
  expect(store.unread()).toMatchObject([{ object: 'L2Advertisement/home' }])
  expect(store.objects().advertisements).toMatchObject([{ interfaces: ['eth0'] }])
  const once = 'L2Advertisement shop/home: 1'
  expect(told).toEqual(['L2Advertisement shop/home: 0', once, once])
  store.apply({ kind: 'deleted', resource: 'l2advertisements', namespace: 'shop', name: 'home' })
  expect(store.unread()).toEqual([])
})

test('a Service that is no longer a LoadBalancer is gone', () => {
  const { take, store } = started()
  take('services', 'web', web)
  expect(take('services', 'web', { spec: { type: 'ClusterIP' } })).toBe(true)
  expect(store.objects().services).toEqual([])
})

test('what is deleted or no longer listed is gone, and both are news', () => {
  const { take, store } = started()
  take('services', 'web', web)
  take('services', 'api', web)
  const deleted = { kind: 'deleted', resource: 'services', namespace: 'shop', name: 'web' } as const
  expect(store.apply(deleted)).toBe(true)
  expect(store.apply(deleted)).toBe(false)
  store.apply({ kind: 'listed', resource: 'services', names: new Set() })
  expect(store.objects().services).toEqual([])
})

test('it is complete once each kind has been listed', () => {
  const { store } = started()
  const seen = FOLLOWED.map((resource) => {
    store.apply({ kind: 'listed', resource, names: new Set() })
    return store.complete()
  })
  expect(seen).toEqual([false, true])
})

test('the ConfigMap of MetalLB excludes interfaces, wherever it comes from', () => {
  const { take, store } = started()
  expect(store.excluded()).toBeUndefined()
  const data = { 'excludel2.yaml': 'announcedInterfacesToExclude: [^wlan]' }
  take('excluded-interfaces', 'metallb-excludel2', { data })
  take('configmaps', 'other', { data })
  expect(store.excluded()).toEqual(['^wlan'])
})

test('a pool of the old ConfigMap that turns bad is still announced on layer 2', () => {
  const { take, store } = started()
  const lan = { name: 'lan', protocol: 'layer2', addresses: ['192.0.2.0/24'] }
  const config = (...pools: readonly object[]): boolean => {
    const text = JSON.stringify({ 'address-pools': [...pools, { ...lan, name: 'other' }] })
    return take('configmaps', 'config', { data: { config: text } })
  }
  config(lan)
  const before = store.objects()
  expect(before.advertisements).toHaveLength(2)
  config({ ...lan, addresses: ['x'] })
  const { pools, advertisements } = store.objects()
  expect(new Set(pools)).toEqual(new Set(before.pools))
  expect(new Set(advertisements)).toEqual(new Set(before.advertisements))
  config()
  expect(store.objects().advertisements).toMatchObject([{ name: 'other' }])
})

test('other kinds play no part', () => {
  const { take, told } = started()
  expect(take('namespaces', 'shop', {})).toBe(false)
  expect(told).toEqual([])
})

test.each<Resource>(['bgppeers', 'namespaces', 'frrconfigurations', 'metallb-config'])(
  'an object of %s says nothing about layer 2',
  (resource) => {
    const { take, store, told } = started()
    expect(take(resource, 'home', { spec: {}, data: {} })).toBe(false)
    const gone = { kind: 'deleted', resource, namespace: 'shop', name: 'home' } as const
    expect(store.apply(gone)).toBe(false)
    expect(told).toEqual([])
  },
)

test('endpoints that cannot be read, or serve no Service, add none', () => {
  const { take, store } = started()
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1' }] }
  const labels = { 'kubernetes.io/service-name': 'web' }
  const metadata = { name: 'web-1', namespace: 'shop', labels }
  expect(take('endpointslices', 'web-1', { ...slice, metadata })).toBe(true)
  expect(store.objects().endpoints).toMatchObject([{ nodes: ['n1'] }])
  expect(take('endpointslices', 'web-1', { ...slice, metadata, endpoints: 'all' })).toBe(false)
  expect(store.objects().endpoints).toHaveLength(1)
  expect(store.agents()).toBeUndefined()
  expect(take('agent-endpointslices', '', { ...slice, metadata })).toBe(true)
  expect(store.agents()).toEqual(new Set(['n1']))
  const unlabelled = { ...metadata, labels: {} }
  expect(take('agent-endpointslices', '', { ...slice, metadata: unlabelled })).toBe(true)
  expect(store.agents()).toBeUndefined()
})
