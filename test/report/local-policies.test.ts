import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, familyOf, type Port } from '../../src/model/address.ts'
import type { ServiceObject, SliceEndpoint, SliceObject } from '../../src/model/service.ts'
import { LocalPolicies } from '../../src/report/metrics/local-policies.ts'
import { cluster, node } from '../support/random-cluster.ts'

/** The objects of a cluster, and what counts of them. */
function start() {
  const services = new Map<string, ServiceObject>()
  const slices = new Map<string, SliceObject>()
  const slicesOf = (name: string) =>
    [...slices.values()].filter((slice) => `${slice.namespace}/${slice.service}` === name)
  const store = { service: (name: string) => services.get(name), slicesOf }
  const policies = new LocalPolicies(store, node.name)
  return {
    policies,
    setService(name: string, service: ServiceObject | undefined) {
      if (service === undefined) services.delete(name)
      else services.set(name, service)
      policies.changed(name)
    },
    setSlice(slice: SliceObject) {
      const id = `${slice.namespace}/${slice.name}`
      const former = slices.get(id)
      slices.set(id, slice)
      for (const each of [former, slice]) {
        if (each !== undefined) policies.changed(`${each.namespace}/${each.service}`)
      }
    },
    /** As the metric reads in words: gone over all Services, and written once more. */
    counted() {
      const counts = { internal: { ipv4: 0, ipv6: 0 }, external: { ipv4: 0, ipv6: 0 } }
      for (const [name, { ports, clusterAddresses, ...policy }] of services) {
        for (const { name: portName, protocol } of ports) {
          for (const family of new Set(clusterAddresses.map(familyOf))) {
            const serving = slicesOf(name)
              .filter((slice) => slice.family === family)
              .flatMap((slice) =>
                slice.ports
                  .filter((port) => port.name === portName && port.protocol === protocol)
                  .flatMap(({ port }) => slice.endpoints.map((one) => ({ ...one, port }))),
              )
            const id = (one: (typeof serving)[number]) => `${one.address} ${one.port}`
            // An endpoint of two slices is here if either says so, and ready if either is.
            const all = new Set(serving.map(id))
            const joined = [...all].map((each) => serving.filter((one) => id(one) === each))
            const useful = joined.filter(
              (ones) =>
                ones.some(({ ready }) => ready) ||
                (ones.some((one) => one.serving) && ones.some((one) => one.terminating)),
            )
            const here = useful.filter((ones) => ones.some((one) => one.nodeName === node.name))
            if (useful.length === 0 || here.length > 0) continue
            if (policy.internalPolicy === 'local') counts.internal[family]++
            if (policy.externalPolicy === 'local') counts.external[family]++
          }
        }
      }
      return counts
    },
  }
}

const web: ServiceObject = {
  namespace: 'shop',
  name: 'web',
  created: '',
  clusterAddresses: ['10.96.0.1' as Address],
  externalAddresses: [],
  loadBalancerAddresses: [],
  sourceRanges: [],
  internalPolicy: 'local',
  externalPolicy: 'cluster',
  affinity: { kind: 'none' },
  healthCheckPort: undefined,
  ports: [
    { name: 'http', protocol: 'tcp', port: 80 as Port, nodePort: undefined },
    { name: 'admin', protocol: 'tcp', port: 81 as Port, nodePort: undefined },
  ],
}

function endpoints(...all: readonly Partial<SliceEndpoint>[]): SliceObject {
  return {
    namespace: 'shop',
    name: 'web-1',
    service: 'web',
    family: 'ipv4',
    ports: [{ name: 'http', protocol: 'tcp', port: 8080 as Port }],
    endpoints: all.map((more, i) => ({
      ...{ ready: true, serving: true, terminating: false, zones: undefined, nodes: undefined },
      address: `10.244.2.${i}` as Address,
      nodeName: 'node-b',
      ...more,
    })),
  }
}

const none = { ipv4: 0, ipv6: 0 }
const one = { ipv4: 1, ipv6: 0 }
const here = { nodeName: node.name }
const leaving = { ready: false, terminating: true }

describe('a port counts', () => {
  test.each<[when: string, slice: SliceObject, service: Partial<ServiceObject>, expected: object]>([
    ['with endpoints elsewhere alone', endpoints({}), {}, { internal: one, external: none }],
    [
      'for the policy that is Local',
      endpoints({}),
      { internalPolicy: 'cluster', externalPolicy: 'local' },
      { internal: none, external: one },
    ],
    ['for both', endpoints({}), { externalPolicy: 'local' }, { internal: one, external: one }],
    ['not with one here', endpoints({}, here), {}, { internal: none, external: none }],
    [
      'not with one here that is leaving',
      endpoints({}, { ...here, ...leaving }),
      {},
      { internal: none, external: none },
    ],
    [
      'with those here not ready',
      endpoints({}, { ...here, ready: false, serving: false }),
      {},
      { internal: one, external: none },
    ],
    ['not without any: that is refused', endpoints(), {}, { internal: none, external: none }],
    [
      'not under policy Cluster',
      endpoints({}),
      { internalPolicy: 'cluster' },
      { internal: none, external: none },
    ],
  ])('%s', (_when, slice, service, expected) => {
    const { policies, setService, setSlice } = start()
    setService('shop/web', { ...web, ...service })
    setSlice(slice)
    expect(policies.counts()).toEqual(expected)
    setService('shop/web', undefined)
    expect(policies.counts()).toEqual({ internal: none, external: none })
  })
})

test('after any changes the counts are those of a pass over all Services', () => {
  fc.assert(
    fc.property(fc.array(cluster, { maxLength: 4 }), (clusters) => {
      const { policies, setService, setSlice, counted } = start()
      for (const { services, slices } of clusters) {
        for (const service of services) {
          setService(`${service.namespace}/${service.name}`, service)
        }
        for (const slice of slices) setSlice(slice)
        expect(policies.counts()).toEqual(counted())
      }
    }),
    { numRuns: 100 },
  )
})
