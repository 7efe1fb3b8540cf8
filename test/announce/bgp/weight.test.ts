import { expect, test } from 'vitest'
import { labels, select, service } from '../objects.ts'
import { bgpAdvertisement, decided, peer, routesOf } from './objects.ts'

/** The endpoints of one EndpointSlice, by Node. */
function slice(name: string, hosted: Readonly<Record<string, readonly string[]>>) {
  const nodes = Object.keys(hosted)
  return { service: `shop/${name}`, any: true, nodes, hosted: new Map(Object.entries(hosted)) }
}

const local = (name: string, addresses: readonly string[]) =>
  service(name, addresses, { local: true })
const weighted = { weightByEndpoints: true }

test('a route weighs as many endpoints as its Node has, each counted once', () => {
  const services = [local('web', ['192.0.2.1'])]
  const endpoints = [
    slice('web', { n1: ['10.1.0.1', '10.1.0.2'], n2: ['10.2.0.1'] }),
    slice('web', { n1: ['10.1.0.2', '10.1.0.3'] }),
  ]
  const found = decided({ services, endpoints }, {}, weighted)
  expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor weight 3'])
  expect(routesOf(decided({ services, endpoints }))).toEqual(['192.0.2.1/32 -> tor'])
})

test('each family counts endpoints of its own, and a route that is announced weighs one at least', () => {
  const services = [local('web', ['192.0.2.1', '2001:db8::1'])]
  const endpoints = [slice('web', { n1: ['10.1.0.1', '10.1.0.2'] })]
  const peers = [peer('tor', { families: ['ipv4', 'ipv6'] })]
  const found = decided({ services, endpoints, peers }, {}, weighted)
  expect(routesOf(found)).toEqual([
    '192.0.2.1/32 -> tor weight 2',
    '2001:db8::1/128 -> tor weight 1',
  ])
})

test('what is not known of endpoints counts as one', () => {
  const services = [local('web', ['192.0.2.1'])]
  const unknown = [{ service: 'shop/web', any: true, nodes: ['n1'] }]
  for (const endpoints of [unknown, [slice('web', { n1: [] })]]) {
    const found = decided({ services, endpoints }, {}, weighted)
    expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor weight 1'])
  }
})

test('traffic to a Service that all Nodes serve is not weighted', () => {
  const services = [service('web', ['192.0.2.1'])]
  const endpoints = [slice('web', { n1: ['10.1.0.1'] })]
  expect(routesOf(decided({ services, endpoints }, {}, weighted))).toEqual(['192.0.2.1/32 -> tor'])
})

const aggregate = [bgpAdvertisement('wide', { lengths: { ipv4: 24, ipv6: 128 } })]

test('an aggregate weighs the endpoints of all its Services, once for each of them', () => {
  const services = [local('a', ['192.0.2.1', '192.0.2.2']), local('b', ['192.0.2.3'])]
  const endpoints = [slice('a', { n1: ['10.1.0.1'] }), slice('b', { n1: ['10.1.0.1', '10.1.0.2'] })]
  const found = decided({ services, endpoints, advertisements: aggregate }, {}, weighted)
  expect(routesOf(found)).toEqual(['192.0.2.0/24 -> tor weight 3'])
})

test('an aggregate with a Service that all Nodes serve has no weight', () => {
  const services = [local('a', ['192.0.2.1']), service('b', ['192.0.2.3'])]
  const endpoints = [slice('a', { n1: ['10.1.0.1'] }), slice('b', { n1: ['10.1.0.2'] })]
  const found = decided({ services, endpoints, advertisements: aggregate }, {}, weighted)
  expect(routesOf(found)).toEqual(['192.0.2.0/24 -> tor'])
})

test('several advertisements of one prefix are no more endpoints', () => {
  const services = [{ ...local('web', ['192.0.2.1']), labels: labels({ tier: 'front' }) }]
  const endpoints = [slice('web', { n1: ['10.1.0.1'] })]
  const advertisements = [
    bgpAdvertisement('a'),
    bgpAdvertisement('b', { services: [select({ tier: 'front' })] }),
  ]
  const found = decided({ services, endpoints, advertisements }, {}, weighted)
  expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor weight 1'])
})

test('a weight is at most what FRR takes', () => {
  const many = Array.from(
    { length: 25_601 },
    (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
  )
  const services = [local('web', ['192.0.2.1'])]
  const found = decided({ services, endpoints: [slice('web', { n1: many })] }, {}, weighted)
  expect(routesOf(found)).toEqual(['192.0.2.1/32 -> tor weight 25600'])
})
