import { expect, test } from 'vitest'
import type { ServiceObject } from '../../src/model/service.ts'
import { decodeService } from '../../src/watch/decode-service.ts'

interface Changes {
  readonly metadata?: object
  readonly spec?: object
  readonly status?: object
}

function decode({ metadata, spec, status }: Changes): ReturnType<typeof decodeService> {
  const json = {
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { ports: [{ port: 80 }], ...spec },
    status,
  }
  return decodeService(json, 'cluster.yaml')
}

function decoded(changes: Changes): ServiceObject {
  const result = decode(changes)
  if (result.kind !== 'service') throw new Error(JSON.stringify(result))
  return result.service
}

const ingress = {
  loadBalancer: {
    ingress: [
      { ip: '203.0.113.10' },
      { ip: '203.0.113.11', ipMode: 'VIP' },
      { ip: '203.0.113.12', ipMode: 'Proxy' },
      { hostname: 'lb.example.org' },
      { ip: '', hostname: 'lb.example.org' },
      { ip: '203.0.113.10' },
      { ip: '2001:DB8:100:0::10' },
    ],
  },
}

test('fills in the defaults of the API', () => {
  const json = { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } }
  expect(decodeService(json, 'cluster.yaml')).toEqual({
    kind: 'service',
    problems: [],
    service: {
      namespace: 'default',
      name: 'web',
      created: '',
      clusterAddresses: [],
      externalAddresses: [],
      loadBalancerAddresses: [],
      sourceRanges: [],
      internalPolicy: 'cluster',
      externalPolicy: 'cluster',
      affinity: { kind: 'none' },
      ports: [{ name: '', protocol: 'tcp', port: 80, nodePort: undefined }],
    },
  })
})

test('null is the same as nothing', () => {
  const nothing = {
    ...{ type: null, clusterIP: null, clusterIPs: null, externalIPs: null },
    ...{ sessionAffinity: null, sessionAffinityConfig: null, loadBalancerSourceRanges: null },
    ports: [{ port: 80, name: null, protocol: null, nodePort: null }],
  }
  const metadata = { creationTimestamp: null, labels: null, annotations: null }
  expect(decoded({ metadata, spec: nothing })).toEqual(decoded({}))
})

test('prefers clusterIPs over clusterIP', () => {
  const spec = { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10', 'fd00:10:96::10'] }
  expect(decoded({ spec }).clusterAddresses).toEqual(['10.96.0.10', 'fd00:10:96::10'])
  expect(decoded({ spec: { ...spec, clusterIPs: [] } }).clusterAddresses).toEqual(['10.96.0.10'])
})

test('takes the addresses of a load balancer that leaves them to the node', () => {
  const service = decoded({ spec: { type: 'LoadBalancer' }, status: ingress })
  expect(service.loadBalancerAddresses).toEqual([
    '203.0.113.10',
    '203.0.113.11',
    '2001:db8:100::10',
  ])
})

test('takes no such address once the type is another', () => {
  expect(decoded({ spec: { type: 'NodePort' }, status: ingress }).loadBalancerAddresses).toEqual([])
})

test.each([
  ['LoadBalancer', 30080],
  ['NodePort', 30080],
  ['ClusterIP', undefined],
])('a %s Service has the node port %s', (type, nodePort) => {
  const ports = [{ port: 80, nodePort: 30080 }]
  expect(decoded({ spec: { type, ports } }).ports[0]?.nodePort).toBe(nodePort)
})

test('a node port of 0 is none, as with allocateLoadBalancerNodePorts: false', () => {
  const ports = [
    { name: 'a', port: 80, nodePort: 0 },
    { name: 'b', port: 81, nodePort: 0 },
  ]
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports }
  expect(decoded({ spec }).ports.map(({ nodePort }) => nodePort)).toEqual([undefined, undefined])
})

test.each([
  [{ type: 'LoadBalancer' }, 'local'],
  [{ type: 'NodePort' }, 'local'],
  [{ type: 'ClusterIP', externalIPs: ['203.0.113.200'] }, 'local'],
  [{ type: 'ClusterIP' }, 'cluster'],
])('with %j externalTrafficPolicy Local is %s', (spec, policy) => {
  expect(decoded({ spec: { ...spec, externalTrafficPolicy: 'Local' } }).externalPolicy).toBe(policy)
})

test('internalTrafficPolicy holds for every type', () => {
  expect(decoded({ spec: { internalTrafficPolicy: 'Local' } }).internalPolicy).toBe('local')
})

test.each([
  [undefined, 10800],
  [{ clientIP: {} }, 10800],
  [{ clientIP: { timeoutSeconds: 1 } }, 1],
  [{ clientIP: { timeoutSeconds: 86400 } }, 86400],
])('ClientIP affinity with %j lasts %d seconds', (sessionAffinityConfig, seconds) => {
  const spec = { sessionAffinity: 'ClientIP', sessionAffinityConfig }
  expect(decoded({ spec }).affinity).toEqual({ kind: 'client-ip', seconds })
})

test('source ranges lose white space and host bits', () => {
  const spec = {
    type: 'LoadBalancer',
    loadBalancerSourceRanges: [' 192.0.2.7/24', '192.0.2.0/24 ', '2001:db8::/32'],
  }
  expect(decoded({ spec }).sourceRanges).toEqual(['192.0.2.0/24', '2001:db8::/32'])
})

const key = 'service.beta.kubernetes.io/load-balancer-source-ranges'

test.each([
  ['10.0.0.0/8, 192.0.2.0/24', [], ['10.0.0.0/8', '192.0.2.0/24']],
  ['10.0.0.0/8', ['192.0.2.0/24'], ['192.0.2.0/24']],
  [' ', [], []],
])('the annotation %j with the field %j restricts to %j', (annotation, field, ranges) => {
  const metadata = { annotations: { [key]: annotation } }
  const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: field }
  expect(decoded({ metadata, spec }).sourceRanges).toEqual(ranges)
})

test('ranges of a Service that is no load balancer restrict nothing and harm nothing', () => {
  expect(decoded({ spec: { loadBalancerSourceRanges: ['all'] } }).sourceRanges).toEqual([])
})

test('a Service of which no port is left is invalid', () => {
  const result = decode({ spec: { ports: [{ port: 0 }, { port: 65536 }] } })
  expect(result).toMatchObject({ kind: 'invalid' })
  expect(result.problems).toHaveLength(2)
})

test.each([
  [{ spec: { clusterIP: 'None' } }, 'headless'],
  [{ spec: { clusterIPs: ['None'] } }, 'headless'],
  [{ spec: { clusterIP: 'None', ports: undefined } }, 'headless'],
  [{ metadata: { labels: { 'service.kubernetes.io/headless': '' } } }, 'headless'],
  [{ spec: { type: 'ExternalName', externalName: 'example.org' } }, 'external-name'],
  [{ metadata: { labels: { 'service.kubernetes.io/service-proxy-name': 'x' } } }, 'other-proxy'],
] as const)('passes over %j', (changes, reason) => {
  expect(decode(changes)).toEqual({ kind: 'ignored', reason, problems: [] })
})

test('the same port may be TCP, UDP and SCTP', () => {
  const ports = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: 53,
    nodePort: 30053,
  }))
  const service = decoded({ spec: { type: 'NodePort', ports } })
  expect(service.ports.map(({ protocol }) => protocol)).toEqual(['tcp', 'udp', 'sctp'])
})
