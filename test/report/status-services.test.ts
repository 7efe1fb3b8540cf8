import { expect, test } from 'vitest'
import { printService } from '../../src/cli/status/service-text.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { ANY_NODE, toSettings } from '../../src/config/settings.ts'
import type { Cidr } from '../../src/model/address.ts'
import type { Scope } from '../../src/model/node.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { DenialReports } from '../../src/report/denial-reports.ts'
import { serviceSummaries } from '../../src/report/status/status-services.ts'
import { silentStore } from '../support/silent-store.ts'

/** How `nodelb status` lists Services: what each of them has, and what it only asks for. */

function service(name: string, year: number, fields: object = {}): object {
  return {
    metadata: { namespace: 'shop', name, creationTimestamp: `${year}-01-01T00:00:00Z` },
    spec: {
      clusterIP: `10.96.0.${year % 100}`,
      ports: [{ port: 80 }],
      type: 'LoadBalancer',
      ...fields,
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
  }
}

function slice(of: string, nodes: readonly string[]): object {
  return {
    metadata: { namespace: 'shop', name: of, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080 }],
    endpoints: nodes.map((nodeName, n) => ({ addresses: [`10.244.1.${n + 1}`], nodeName })),
  }
}

function list(scope: Scope, ...objects: readonly object[]): readonly string[] {
  const store = silentStore()
  for (const object of objects) {
    const resource = 'endpoints' in object ? 'endpointslices' : 'services'
    store.take({ kind: 'object', resource, object })
  }
  const found = toSettings(defaultConfig, ANY_NODE, { scope, backend: undefined }).settings
  const settings = { ...found, serviceRanges: ['198.51.100.0/24' as Cidr] }
  const denials = new DenialReports(() => undefined)
  const renderer = createRenderer(ANY_NODE, settings)
  for (const each of store.cluster().services) renderer.setService(each)
  denials.started(renderer.takeDenials())
  return serviceSummaries(settings, 'node-a', store, denials).map(printService)
}

test('an address that another Service has is contested, and not served', () => {
  const two = {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  }
  const slices = [slice('old', ['node-a']), slice('young', ['node-a', 'node-b'])]
  expect(
    list('load-balancer', service('young', 2021, two), service('old', 2020), ...slices),
  ).toEqual([
    'shop/old: 203.0.113.9:80/tcp, 1 endpoint',
    'shop/young: 203.0.113.9:81/tcp 203.0.113.9:80/tcp (contested), 2 endpoints',
  ])
})

test('an address that no Service may have is refused', () => {
  const external = { externalIPs: ['198.51.100.1'], type: 'ClusterIP' }
  const bold = service('bold', 2021, external)
  expect(list('all', bold, slice('bold', ['node-b']))).toEqual([
    'shop/bold: 10.96.0.21:80/tcp 198.51.100.1:80/tcp (refused), 1 endpoint',
  ])
})

test('policy Local is named, and how many endpoints are on this node', () => {
  const local = { externalTrafficPolicy: 'Local' }
  const web = service('web', 2020, { ...local, internalTrafficPolicy: 'Local' })
  const endpoints = slice('web', ['node-a', 'node-b', 'node-b'])
  expect(list('load-balancer', web, endpoints)).toEqual([
    'shop/web: 203.0.113.9:80/tcp, 3 endpoints, 1 of them here, externalTrafficPolicy Local',
  ])
  expect(list('all', web, slice('web', ['node-b']))).toEqual([
    'shop/web: 10.96.0.20:80/tcp 203.0.113.9:80/tcp, 1 endpoint, 0 of them here, ' +
      'externalTrafficPolicy Local, internalTrafficPolicy Local',
  ])
})

test('an address without endpoints stands out, and a Service without addresses does not', () => {
  const web = service('web', 2020)
  expect(list('load-balancer', web)).toEqual(['shop/web: 203.0.113.9:80/tcp, NO READY ENDPOINTS'])
  expect(list('load-balancer', { ...web, status: {} })).toEqual([
    'shop/web: no address, 0 endpoints',
  ])
})
