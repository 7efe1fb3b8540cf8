import { expect, test } from 'vitest'
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
    store.take({ kind: 'object', resource, object: { metadata, ...rest }, origin: 'x.yaml' })
  const list = (resource: Resource, ...names: readonly string[]): boolean =>
    store.take({ kind: 'listed', resource, names: new Set(names) })
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
  store.take({ kind: 'deleted', resource: 'bgppeers', namespace: 'metallb-system', name: 'tor' })
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
