import { expect, test } from 'vitest'
import type { Problem } from '../../src/decode/problem.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { objectProblems } from '../../src/report/object-problems.ts'
import { MeteredServices } from '../../src/watch/metered-services.ts'
import { ObjectStore } from '../../src/watch/object-store.ts'
import type { Resource } from '../../src/watch/resources.ts'
import { SeenNodes } from '../../src/watch/seen-nodes.ts'

function service(name: string, fields: object = {}): object {
  return {
    metadata: { name, namespace: 'shop' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }], ...fields },
  }
}

function slice(name: string, of: string, fields: object = {}): object {
  return {
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080 }],
    endpoints: [{ addresses: ['10.244.1.10'] }],
    ...fields,
  }
}

function start(metered = new MeteredServices()) {
  const reports: [string, readonly Problem[]][] = []
  const moods: boolean[] = []
  const store = new ObjectStore({
    metered,
    nodes: new SeenNodes('node-a', { leaving: (leaving) => moods.push(leaving) }),
    listener: objectProblems('node-a', (object, problems) => reports.push([object, problems])),
  })
  const put = (resource: Resource, object: object) =>
    store.apply({ kind: 'object', resource, object })
  const drop = (resource: Resource, name: string) =>
    store.apply({ kind: 'deleted', resource, namespace: 'shop', name })
  const lines = () => reports.splice(0).map(([object, list]) => [object, list.map(printProblem)])
  return { store, put, drop, lines, moods }
}

const bad = { ports: [{ port: 70000 }] }
const badLine =
  'API server: Service shop/web: spec.ports[0].port: found 70000, expected a port from 1 to 65535'

test('an object that cannot be read any more leaves the version before it in force', () => {
  const { store, put, lines } = start()
  put('services', service('web'))
  expect(put('services', service('web', bad))).toEqual([])
  expect(store.cluster().services).toMatchObject([{ name: 'web', ports: [{ port: 80 }] }])
  expect(lines()).toEqual([['Service shop/web', [badLine]]])
})

test('a field that cannot be read any more is as it was, and the rest of the object counts', () => {
  const { store, put } = start()
  const balanced = { type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] }
  put('services', service('web', balanced))
  const worse = { ...balanced, loadBalancerSourceRanges: ['all'], ports: [{ port: 81 }] }
  expect(put('services', service('web', worse))).toMatchObject([{ kind: 'service' }])
  expect(store.cluster().services).toMatchObject([
    { sourceRanges: [], ports: [{ port: 81 }], rangesUnread: true },
  ])
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } }
  put('services', { ...service('api', balanced), status })
  put('services', { ...service('api', worse), status })
  expect(store.service('shop/api')).toMatchObject({
    sourceRanges: ['192.0.2.0/24'],
    ports: [{ port: 81 }],
  })
  expect(store.unread()).toEqual(new Set())
})

test('a Service with a field that could never be read is rendered, and kept as the kernel has it', () => {
  const { store, put } = start()
  const unread = { type: 'LoadBalancer', sessionAffinity: 'Cookie' }
  expect(put('services', service('web', unread))).toMatchObject([{ kind: 'service' }])
  put('services', service('web', { ...unread, ports: [{ port: 81 }] }))
  expect(store.unread()).toEqual(new Set(['shop/web']))
  put('services', service('web'))
  expect(store.unread()).toEqual(new Set())
})

test('a problem is told once, and again only when it changes', () => {
  const { put, lines } = start()
  put('services', service('web', bad))
  put('services', service('web', bad))
  expect(lines()).toHaveLength(1)
  put('services', service('web'))
  expect(lines()).toEqual([['Service shop/web', []]])
})

test('what could never be read is named, until it can be or is deleted', () => {
  const { store, put, drop } = start()
  put('services', service('web', bad))
  put('endpointslices', slice('api-1', 'api', { addressType: 'IPX' }))
  expect([...store.unread()].sort()).toEqual(['shop/api', 'shop/web'])
  put('endpointslices', slice('api-1', 'api'))
  expect([...store.unread()]).toEqual(['shop/web'])
  expect(drop('services', 'web')).toEqual([{ kind: 'service-gone', name: 'shop/web' }])
  expect([...store.unread()]).toEqual([])
})

test('what could never be read is gone as well when it wants no balancing, or is deleted', () => {
  const { store, put, drop } = start()
  put('services', service('web', bad))
  put('endpointslices', slice('api-1', 'api', { addressType: 'IPX' }))
  const external = { type: 'ExternalName', externalName: 'example.com' }
  expect(put('services', service('web', external))).toEqual([
    { kind: 'service-gone', name: 'shop/web' },
  ])
  const gone = { kind: 'slice-gone', namespace: 'shop', name: 'api-1', service: 'shop/api' }
  expect(drop('endpointslices', 'api-1')).toEqual([gone])
  expect([...store.unread()]).toEqual([])
  expect(drop('endpointslices', 'api-1')).toEqual([])
})

test('a slice that could not be read and turns out to be of another Service leaves the first', () => {
  const { put } = start()
  put('endpointslices', slice('web-1', 'web', { addressType: 'IPX' }))
  expect(put('endpointslices', slice('web-1', 'api'))).toMatchObject([
    { kind: 'slice-gone', name: 'web-1', service: 'shop/web' },
    { kind: 'slice', slice: { service: 'api' } },
  ])
})

test('a Service is read when it and all its slices are', () => {
  const { store, put } = start()
  put('endpointslices', slice('web-1', 'web'))
  expect(store.isRead('shop/web')).toBe(false)
  put('services', service('web'))
  expect(store.isRead('shop/web')).toBe(true)
  put('endpointslices', slice('web-2', 'web', { addressType: 'IPX' }))
  expect(store.isRead('shop/web')).toBe(false)
  put('endpointslices', slice('web-2', 'web'))
  expect(store.isRead('shop/web')).toBe(true)
})

test('a list takes what is not in it, and leaves the rest alone', () => {
  const { store, put } = start()
  for (const name of ['web', 'api']) put('services', service(name))
  const names = new Set(['shop/web'])
  const changes = store.apply({ kind: 'listed', resource: 'services', names })
  expect(changes).toEqual([{ kind: 'service-gone', name: 'shop/api' }])
  expect(store.cluster().services.map(({ name }) => name)).toEqual(['web'])
})

test('the same resource version again is no change', () => {
  const { put } = start()
  const object = { ...service('web'), metadata: { ...META, resourceVersion: '7' } }
  expect(put('services', object)).toHaveLength(1)
  expect(put('services', object)).toEqual([])
})

const META = { name: 'web', namespace: 'shop' }

test('in a file the same resource version may stand in another object', () => {
  const { store } = start()
  const metadata = { ...META, resourceVersion: '7' }
  const edited = [80, 81].map((port) => ({ ...service('web', { ports: [{ port }] }), metadata }))
  for (const object of edited) {
    const event = { kind: 'object', resource: 'services', object, origin: 'web.yaml' } as const
    expect(store.apply(event)).toHaveLength(1)
  }
  expect(store.service('shop/web')).toMatchObject({ ports: [{ port: 81 }] })
})

test('what wanted no balancing when it was last readable is not unread', () => {
  const { store, put, drop } = start()
  put('services', service('web', { clusterIP: 'None' }))
  put('endpointslices', slice('api-1', 'api', { addressType: 'FQDN' }))
  put('services', service('web', bad))
  put('endpointslices', slice('api-1', 'api', { addressType: 'IPX' }))
  expect([...store.unread()]).toEqual([])
  drop('services', 'web')
  put('services', service('web', bad))
  expect([...store.unread()], 'another object of that name').toEqual(['shop/web'])
})

test('is complete once the kinds that are followed have been listed', () => {
  const silent = (): undefined => undefined
  const store = new ObjectStore({
    nodes: { keep: () => [], remove: () => [] },
    listener: { read: silent, gone: silent, judged: silent, listed: silent },
    followed: ['services'],
  })
  store.apply({ kind: 'listed', resource: 'services', names: new Set() })
  expect(store.complete()).toBe(true)
})

test('is complete once every kind has been listed', () => {
  const { store } = start()
  for (const resource of ['services', 'endpointslices', 'nodes'] as const) {
    expect(store.complete()).toBe(false)
    store.apply({ kind: 'listed', resource, names: new Set() })
  }
  expect(store.complete()).toBe(true)
})

const node = (name: string, address: string) => ({
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }] },
})

test('of this node what changes counts', () => {
  const { store, put } = start()
  expect(put('nodes', node('node-a', '192.0.2.1'))).toHaveLength(1)
  expect(put('nodes', node('node-a', '192.0.2.1'))).toEqual([])
  expect(store.nodes.view()?.addresses).toEqual(['192.0.2.1'])
  store.apply({ kind: 'listed', resource: 'nodes', names: new Set() })
  expect(store.nodes.view()?.addresses, 'a node that is gone keeps its rules').toEqual([
    '192.0.2.1',
  ])
})

test('of other nodes the addresses count, for as long as they are there', () => {
  const { store, put } = start()
  expect(put('nodes', node('node-b', '192.0.2.9'))).toEqual([])
  expect(put('nodes', node('node-a', '192.0.2.1'))).toHaveLength(1)
  expect(store.nodes.view()).toMatchObject({
    addresses: ['192.0.2.1'],
    otherNodes: new Set(['192.0.2.9']),
  })
  expect(
    put('nodes', { ...node('node-b', '192.0.2.9'), spec: { podCIDR: '10.244.9.0/24' } }),
  ).toEqual([])
  expect(put('nodes', node('node-b', '192.0.2.8'))).toEqual([
    { kind: 'other-nodes', come: ['192.0.2.8'], gone: ['192.0.2.9'] },
  ])
  expect(put('nodes', node('node-c', '192.0.2.7'))).toHaveLength(1)
  expect(put('nodes', node('node-d', '192.0.2.7')), 'another one has it').toEqual([])
  expect(put('nodes', node('node-d', '192.0.2.8'))).toEqual([])
  expect(store.nodes.view()?.otherNodes).toEqual(new Set(['192.0.2.7', '192.0.2.8']))
  expect(put('nodes', node('node-c', '192.0.2.1')), 'what is ours is ours').toHaveLength(1)
  expect(store.nodes.view()?.otherNodes).toEqual(new Set(['192.0.2.8']))
  expect(
    store.apply({ kind: 'deleted', resource: 'nodes', namespace: '', name: 'node-d' }),
  ).toEqual([])
  const names = new Set(['node-a', 'node-c'])
  expect(store.apply({ kind: 'listed', resource: 'nodes', names })).toHaveLength(1)
  expect(store.nodes.view()).not.toHaveProperty('otherNodes')
})

test('a node that is to be removed wants no new connections', () => {
  const { put, moods } = start()
  const taints = [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }]
  put('nodes', { metadata: { name: 'node-a' }, spec: { taints } })
  expect(moods).toEqual([true])
  put('nodes', { metadata: { name: 'node-a' } })
  expect(moods).toEqual([true, false])
})

test('a slice that moves to another Service leaves the first', () => {
  const { put } = start()
  put('endpointslices', slice('web-1', 'web'))
  const changes = put('endpointslices', slice('web-1', 'api'))
  expect(changes).toMatchObject([
    { kind: 'slice-gone', namespace: 'shop', name: 'web-1', service: 'shop/web' },
    { kind: 'slice', slice: { service: 'api' } },
  ])
})

test('slices that name no Service are one note for each list', () => {
  const { store, put, lines } = start()
  const listed = (...names: readonly string[]) =>
    store.apply({ kind: 'listed', resource: 'endpointslices', names: new Set(names) })
  for (const name of ['a', 'b', 'c']) put('endpointslices', slice(name, ''))
  expect(lines()).toEqual([])
  listed('shop/a', 'shop/b', 'shop/c')
  listed('shop/a', 'shop/b', 'shop/c')
  expect(lines()).toEqual([
    [
      'EndpointSlices',
      [
        'the list: found 3 EndpointSlices without the label kubernetes.io/service-name, expected the name of a Service there; passed over',
      ],
    ],
  ])
})

test('a Service that the selector does not pick is marked, and read again for another one', () => {
  const ofTeam = (team: string) => {
    return { requirements: [{ key: 'team', operator: 'in', values: [team] }] } as const
  }
  const metered = new MeteredServices(ofTeam('shop'))
  const { store, put } = start(metered)
  const labelled = (name: string, labels: object, resourceVersion = '1') => {
    const object = service(name) as { metadata: object }
    return { ...object, metadata: { ...object.metadata, labels, resourceVersion } }
  }
  const unmetered = () =>
    store.cluster().services.flatMap((each) => (each.unmetered ? each.name : []))
  const putAll = () => {
    put('services', labelled('web', { team: 'shop' }))
    put('services', labelled('api', { team: 'data', other: 3 }))
    put('services', labelled('none', {}))
  }
  putAll()
  expect(unmetered()).toEqual(['api', 'none'])
  // The same version of an object says nothing new, but to another selector.
  putAll()
  expect(metered.select(ofTeam('shop'))).toBe(false)
  expect(put('services', labelled('api', { team: 'data' }))).toEqual([])
  expect(metered.select(ofTeam('data'))).toBe(true)
  putAll()
  expect(unmetered()).toEqual(['web', 'none'])
  metered.select(undefined)
  putAll()
  expect(unmetered()).toEqual([])
  put('services', labelled('web', {}, '2'))
  expect(unmetered()).toEqual([])
})
