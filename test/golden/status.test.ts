import { describe, expect, test } from 'vitest'
import { printStatus } from '../../src/cli/status/print-status.ts'
import type { FrontendInput, ServiceInput, StatusInput } from '../../src/view/status-input.ts'
import { statusView } from '../../src/view/status-view.ts'

/** What `nodelb status` prints, at the width of two terminals and without one. */

const GOLDENS = new URL('./status/', import.meta.url).pathname
const SILENT = { announce: null, bgp: null }

function frontend(address: string, fields: Partial<FrontendInput> = {}): FrontendInput {
  const rest = { port: 'http', kind: 'load-balancer', state: 'serves' } as const
  return { address, ...rest, endpoints: 2, localEndpoints: 1, ...fields }
}

function service(name: string, ...frontends: readonly FrontendInput[]): ServiceInput {
  const created = '2026-11-01T00:00:00Z'
  return { service: name, created, frontends, origin: null, localPolicies: [] }
}

const clusterIp = (address: string, fields: Partial<FrontendInput> = {}): FrontendInput =>
  frontend(address, { kind: 'cluster-ip', ...fields })

const web: ServiceInput = {
  ...service(
    'shop/web',
    frontend('192.168.1.240:80/tcp'),
    clusterIp('10.43.0.7:80/tcp'),
    frontend('*:31380/tcp', { kind: 'node-port' }),
  ),
  localPolicies: ['externalTrafficPolicy'],
}

const calm: StatusInput = {
  at: '2026-11-27T03:11:08.000Z',
  version: '0.2.0',
  node: 'k8s1',
  startedAt: '2026-11-26T23:58:40.000Z',
  ready: true,
  reason: 'ready',
  lastCommit: { at: '2026-11-27T03:11:04.000Z', operations: 3, durationMs: 2.2 },
  ...{
    backend: 'nftables',
    scope: 'all',
    doubt: null,
    waiting: null,
    refusedConfiguration: null,
    failing: null,
  },
  ownership: { kind: 'owned' },
  watches: { services: { kind: 'following', since: '2026-11-26T23:58:40.000Z' } },
  objects: { services: 5, endpointslices: 3 },
  ...{ repairs: [], conditions: [], refused: [], contested: [], refusedAddresses: [] },
  ...{
    moreAddresses: [],
    heldPorts: [],
    problems: [],
    invalid: [],
    allocation: [],
    healthChecksWaiting: [],
  },
  services: [
    service('default/kubernetes', clusterIp('10.43.0.1:443/tcp', { endpoints: 1 })),
    service(
      'kube-system/traefik',
      frontend('192.168.1.51:80/tcp'),
      frontend('192.168.1.51:443/tcp', { port: 'https' }),
      clusterIp('10.43.0.9:80/tcp'),
      clusterIp('10.43.0.9:443/tcp'),
      frontend('*:30080/tcp', { kind: 'node-port' }),
      frontend('*:30443/tcp', { kind: 'node-port' }),
    ),
    service('shop/lonely', frontend('192.168.1.241:8081/tcp', { state: 'refuses', endpoints: 0 })),
    web,
    {
      ...service(
        'shop/web-two',
        frontend('192.168.1.240:80/tcp', { state: 'contested', endpoints: 1 }),
      ),
      created: '2026-11-02T00:00:00Z',
    },
  ],
}

const bad =
  'EndpointSlice shop/web-two-1: endpoints[1].addresses[0]: found "10.42.0.bad", expected an IP address'

const contested: StatusInput = {
  ...calm,
  contested: [{ service: 'shop/web-two', address: '192.168.1.240:80/tcp', winner: 'shop/web' }],
  heldPorts: [{ service: 'kube-system/traefik', ports: ['192.168.1.51:80/tcp', '*:30080/tcp'] }],
  problems: [bad],
  invalid: [{ object: 'EndpointSlice shop/web-two-1', service: 'shop/web-two', problems: [bad] }],
}

const since = '2026-11-27T02:10:00.000Z'

const troubled: StatusInput = {
  ...calm,
  ...{ ready: false, reason: 'the kernel took no change: EPERM\u001b[31m', backend: 'ipvs' },
  failing: { since, reason: 'EPERM' },
  waiting: { since, reason: 'the Nodes are not listed yet', source: 'nodelb.yaml', failed: false },
  refusedConfiguration: { since, source: 'new.yaml', reason: 'scope: found "some"' },
  doubt: { since, reason: 'nft changed rules' },
  ownership: { kind: 'not-owned', reason: 'the configuration says ownership: none' },
  watches: { nodes: { kind: 'lost', since, reason: 'list nodes: 403: forbidden' } },
  repairs: [
    { at: '2026-11-26T23:59:00.000Z', operations: 1 },
    { at: since, operations: 2 },
  ],
  conditions: ['tables of kube-proxy are present: ip kube-proxy'],
  refused: [{ service: 'shop/web', reason: 'ENOMEM', since }],
  refusedAddresses: [
    {
      service: 'shop/web',
      address: '[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:80/tcp',
      reason: 'is in none of the ranges of externalIPs.allow',
    },
  ],
  moreAddresses: [{ service: 'shop/web', addresses: 7 }],
  problems: ['objects/: found no such folder'],
  allocation: [{ object: 'Service/shop/new', problem: 'IPAddressPool home has no free address' }],
  heldPorts: [{ service: 'shop/web', ports: ['192.168.1.51:22/tcp'] }],
  healthChecksWaiting: [{ service: 'shop/web', port: 30123, reason: 'in use' }],
  services: [
    service(
      'a-namespace-with-a-long-name/a-service-with-a-name-that-is-long-too',
      frontend('[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:53/udp', { state: 'drops' }),
      frontend('203.0.113.7:53/udp', { kind: 'external-ip', state: 'refused' }),
    ),
    web,
  ],
}

const starting: StatusInput = {
  ...calm,
  ...{ ready: false, reason: 'nothing is committed yet', backend: null, scope: null },
  ...{ lastCommit: null, ownership: { kind: 'unknown' }, services: [] },
}

const crowd: StatusInput = {
  ...calm,
  services: [
    ...Array.from({ length: 200 }, (_, at) =>
      service(`shop/web-${at}`, frontend(`203.0.113.${at}:80/tcp`)),
    ),
    ...contested.services.slice(-3),
  ],
}

const one: StatusInput = {
  ...calm,
  services: [
    {
      ...web,
      origin: { pool: 'home', reason: 'IPAddressPool home gives it: it is the first free one' },
      endpointDetails: [
        { address: '10.244.1.10:8080', node: 'k8s1', state: 'ready' },
        { address: '10.244.2.7:8080', node: 'k8s2', state: 'terminating' },
        { address: '10.244.3.9:8080', node: null, state: 'not ready' },
      ],
    },
  ],
}

describe.each<[string, StatusInput]>([
  ['contested', contested],
  ['troubled', troubled],
  ['starting', starting],
  ['crowd', crowd],
  ['one-service', one],
])('%s', (name, status) => {
  test.each([80, 140, undefined])('in %s columns', async (columns) => {
    const look = { colour: false, columns, wide: false }
    const text = printStatus(statusView(status, { all: false }), SILENT, look)
    await expect(text).toMatchFileSnapshot(`${GOLDENS}${name}.${columns ?? 'pipe'}`)
  })

  test.each([80, 140])('no address is broken or cut in %i columns', (columns) => {
    const look = { colour: false, columns, wide: true }
    const text = printStatus(statusView(status, { all: true }), SILENT, look)
    const lines = text.split('\n')
    for (const { address } of status.services.flatMap(({ frontends }) => frontends)) {
      const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
      if (host === '*') continue
      const at = lines.flatMap((line) =>
        line.includes(host) ? line.indexOf(host) + host.length : [],
      )
      expect(Math.max(...at), host).toBeLessThanOrEqual(columns)
    }
  })
})

test('wide, with all Services', async () => {
  const look = { colour: false, columns: 140, wide: true }
  const text = printStatus(statusView(contested, { all: true }), SILENT, look)
  await expect(text).toMatchFileSnapshot(`${GOLDENS}contested.wide`)
})

test('in colour', () => {
  const look = { colour: true, columns: 80, wide: false }
  const text = printStatus(statusView(contested, { all: false }), SILENT, look)
  expect(text).toContain('\u001b[32mready\u001b[39m')
  expect(text).toContain('\u001b[33mcontested\u001b[39m')
})
