import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Settings } from '../../src/model/node.ts'
import { ServiceCounts } from '../../src/report/metrics/service-counts.ts'
import type { ObjectStore } from '../../src/watch/object-store.ts'
import { silentStore } from '../support/silent-store.ts'

const settings = { scope: 'all' } as Settings

function service(name: string, ports: readonly number[]) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name },
    spec: {
      ...{ clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], type: 'ClusterIP' },
      ports: ports.map((port) => ({ name: `p${port}`, port, protocol: 'TCP' })),
    },
  }
}

function slice(name: string, of: string, endpoints: readonly (readonly [string, boolean])[]) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: 'p80', port: 80, protocol: 'TCP' }],
    endpoints: endpoints.map(([address, ready]) => ({
      addresses: [address],
      conditions: { ready },
    })),
  }
}

function start() {
  const store: ObjectStore = silentStore()
  const counts = new ServiceCounts(store, () => settings)
  const put = (resource: 'services' | 'endpointslices', object: object) => {
    store.apply({ kind: 'object', resource, object })
    for (const each of ['web', 'api', 'lonely']) counts.changed(`shop/${each}`)
  }
  return { store, counts, put }
}

test('a Service counts by its ports, an endpoint once, and ready if any slice says so', () => {
  const { counts, put } = start()
  put('services', service('web', [80, 81]))
  put('services', service('lonely', [80]))
  put(
    'endpointslices',
    slice('web-1', 'web', [
      ['10.1.0.1', true],
      ['10.1.0.2', false],
    ]),
  )
  put(
    'endpointslices',
    slice('web-2', 'web', [
      ['10.1.0.1', false],
      ['10.1.0.3', false],
    ]),
  )
  expect(counts.totals()).toEqual({
    ...{ services: 2, frontends: 3, ready: 1, notReady: 2 },
    withoutEndpoints: new Map([['shop/lonely', 1]]),
  })
})

test('before a configuration is in force nothing is asked for', () => {
  const store = silentStore()
  const counts = new ServiceCounts(store, () => undefined)
  store.apply({ kind: 'object', resource: 'services', object: service('web', [80]) })
  counts.changed('shop/web')
  expect(counts.totals().services).toBe(0)
})

test('whatever changes in whatever order, the totals are those of a fresh count', () => {
  const step = fc.record({
    name: fc.constantFrom('web', 'api', 'lonely'),
    ports: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    endpoints: fc.array(
      fc.tuple(fc.constantFrom('10.1.0.1', '10.1.0.2', '10.1.0.3'), fc.boolean()),
      { maxLength: 3 },
    ),
    read: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const { store, counts, put } = start()
      for (const { name, ports, endpoints, read } of steps) {
        put('services', service(name, ports))
        put('endpointslices', slice(`${name}-1`, name, endpoints))
        if (read) counts.totals()
      }
      const fresh = new ServiceCounts(store, () => settings)
      for (const { namespace, name } of store.cluster().services) {
        fresh.changed(`${namespace}/${name}`)
      }
      expect(counts.totals()).toEqual(fresh.totals())
    }),
  )
})
