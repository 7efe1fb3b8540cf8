import { expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/config.ts'
import { ANY_NODE, toSettings } from '../../src/config/settings.ts'
import type { Cidr } from '../../src/model/address.ts'
import type { Scope } from '../../src/model/node.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { DenialReports } from '../../src/report/denial-reports.ts'
import { type ServiceSummary, serviceSummaries } from '../../src/report/status/status-services.ts'
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
    ports: ['', 'a', 'b'].map((name, n) => ({ name, port: 8080 + n })),
    endpoints: nodes.map((nodeName, n) => ({ addresses: [`10.244.1.${n + 1}`], nodeName })),
  }
}

/** A Service in one line: its addresses, and what becomes of connections there. */
function inShort({ service: name, frontends, origin, ...rest }: ServiceSummary): string {
  const parts = frontends.map(({ address, state, endpoints, localEndpoints }) => {
    return `${address} ${state} ${localEndpoints}/${endpoints}`
  })
  const from = origin?.pool === undefined ? [] : [`pool ${origin.pool}`]
  const ready = `${rest.localEndpoints}/${rest.endpoints} ready`
  return [`${name}: ${ready}`, ...parts, ...rest.localPolicies, ...from].join(', ')
}

function list(scope: Scope, ...objects: readonly object[]): readonly string[] {
  return summaries(scope, objects).map(inShort)
}

function summaries(
  scope: Scope,
  objects: readonly object[],
  only?: string,
): readonly ServiceSummary[] {
  const store = silentStore()
  for (const object of objects) {
    const resource = 'endpoints' in object ? 'endpointslices' : 'services'
    store.apply({ kind: 'object', resource, object })
  }
  const found = toSettings(defaultConfig, ANY_NODE, { scope, backend: undefined }).settings
  const settings = { ...found, serviceRanges: ['198.51.100.0/24' as Cidr] }
  const denials = new DenialReports(() => undefined)
  const renderer = createRenderer(ANY_NODE, settings)
  for (const each of store.cluster().services) renderer.setService(each)
  denials.started(renderer.takeDenials())
  return serviceSummaries({ settings, node: 'node-a', only }, store, denials)
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
    'shop/old: 1/1 ready, 203.0.113.9:80/tcp serves 1/1',
    'shop/young: 1/2 ready, 203.0.113.9:80/tcp contested 1/2, 203.0.113.9:81/tcp serves 1/2',
  ])
})

test('an address that no Service may have is refused', () => {
  const external = { externalIPs: ['198.51.100.1'], type: 'ClusterIP' }
  const bold = service('bold', 2021, external)
  expect(list('all', bold, slice('bold', ['node-b']))).toEqual([
    'shop/bold: 0/1 ready, 10.96.0.21:80/tcp serves 0/1, 198.51.100.1:80/tcp refused 0/1',
  ])
})

test('policy Local is named, and how many endpoints are on this node', () => {
  const local = { externalTrafficPolicy: 'Local' }
  const web = service('web', 2020, { ...local, internalTrafficPolicy: 'Local' })
  const endpoints = slice('web', ['node-a', 'node-b', 'node-b'])
  expect(list('load-balancer', web, endpoints)).toEqual([
    'shop/web: 1/3 ready, 203.0.113.9:80/tcp serves 1/3, externalTrafficPolicy',
  ])
  expect(list('all', web, slice('web', ['node-b']))).toEqual([
    'shop/web: 0/1 ready, 10.96.0.20:80/tcp drops 0/0, 203.0.113.9:80/tcp drops 0/1, ' +
      'externalTrafficPolicy, internalTrafficPolicy',
  ])
})

test('an address without endpoints stands out, and a Service without addresses does not', () => {
  const web = service('web', 2020)
  expect(list('load-balancer', web)).toEqual([
    'shop/web: 0/0 ready, 203.0.113.9:80/tcp refuses 0/0',
  ])
  expect(list('load-balancer', { ...web, status: {} })).toEqual(['shop/web: 0/0 ready'])
})

test('one Service is found by its name, and has its endpoints one by one', () => {
  const ending = { ready: false, serving: true, terminating: true }
  const endpoints = [
    { addresses: ['fd00::2'], nodeName: 'node-b' },
    { addresses: ['fd00::1'], conditions: ending },
    { addresses: ['fd00::3'], conditions: { ready: false } },
  ]
  const six = {
    ...slice('web', []),
    ...{ addressType: 'IPv6', ports: [{ name: '', port: 8080 }], endpoints },
  }
  const objects = [service('web', 2020), service('api', 2021), six]
  for (const name of ['web', 'shop/web']) {
    expect(summaries('all', objects, name)).toMatchObject([
      {
        service: 'shop/web',
        endpointDetails: [
          { address: '[fd00::1]:8080', node: null, state: 'terminating' },
          { address: '[fd00::2]:8080', node: 'node-b', state: 'ready' },
          { address: '[fd00::3]:8080', node: null, state: 'not ready' },
        ],
      },
    ])
  }
  expect(summaries('all', objects, 'other/web')).toEqual([])
  expect(summaries('all', objects)[0]).not.toHaveProperty('endpointDetails')
})
