import { expect, test } from 'vitest'
import { printProblem } from '../../src/decode/problem.ts'
import type { Cidr } from '../../src/model/address.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import { decodeService } from '../../src/watch/decode-service.ts'

interface Changes {
  readonly metadata?: object
  readonly spec?: object
  readonly status?: unknown
}

function decode(
  { metadata, spec, status }: Changes,
  former?: ServiceObject,
): ReturnType<typeof decodeService> {
  const json = {
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { ports: [{ port: 80 }], ...spec },
    status,
  }
  return decodeService(json, 'cluster.yaml', former)
}

function decoded(changes: Changes, former?: ServiceObject): ServiceObject {
  const result = decode(changes, former)
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

test('a Service with no port left is invalid', () => {
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

const balanced = {
  type: 'LoadBalancer',
  clusterIP: '10.96.0.10',
  externalIPs: ['203.0.113.200'],
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 32000,
  internalTrafficPolicy: 'Local',
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  loadBalancerSourceRanges: ['192.0.2.0/24'],
  ports: [{ name: 'http', port: 80, nodePort: 30080 }],
}
const status = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } }
const metadata = { creationTimestamp: '2026-01-01T00:00:00Z' }
const whole = decoded({ metadata, spec: balanced, status })

/** A field that is wrong, and what that costs a Service without a version before. */
const costs: readonly (readonly [string, Changes, Partial<ServiceObject>])[] = [
  ['creationTimestamp', { metadata: { creationTimestamp: 5 } }, { created: '' }],
  [
    'loadBalancerSourceRanges[0]',
    { spec: { loadBalancerSourceRanges: ['192.0.2.0/33', '10.0.0.0/8'] } },
    { sourceRanges: ['10.0.0.0/8' as Cidr], rangesUnread: true },
  ],
  [
    'loadBalancerSourceRanges',
    { spec: { loadBalancerSourceRanges: '192.0.2.0/24' } },
    { sourceRanges: [], rangesUnread: true },
  ],
  [
    'metadata.annotations',
    { metadata: { annotations: 'none' }, spec: { loadBalancerSourceRanges: null } },
    { sourceRanges: [], rangesUnread: true },
  ],
  ['clusterIPs', { spec: { clusterIPs: '10.96.0.10' } }, { clusterAddresses: [] }],
  ['externalIPs', { spec: { externalIPs: 7 } }, { externalAddresses: [] }],
  ['status', { status: 'pending' }, { loadBalancerAddresses: [] }],
  [
    'externalTrafficPolicy',
    { spec: { externalTrafficPolicy: 'local' } },
    {
      externalPolicy: 'cluster',
      externalAddresses: [],
      loadBalancerAddresses: [],
      healthCheckPort: undefined,
      ports: whole.ports.map((port) => ({ ...port, nodePort: undefined })),
    },
  ],
  [
    'internalTrafficPolicy',
    { spec: { internalTrafficPolicy: 'local' } },
    { internalPolicy: 'cluster' },
  ],
  ['sessionAffinity', { spec: { sessionAffinity: 'Cookie' } }, { affinity: { kind: 'none' } }],
  [
    'timeoutSeconds',
    { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } } },
    { affinity: { kind: 'client-ip', seconds: 10800 } },
  ],
  ['healthCheckNodePort', { spec: { healthCheckNodePort: 70000 } }, { healthCheckPort: undefined }],
]

function wrong({ metadata: object, spec, status: state }: Changes): Changes {
  return {
    metadata: { ...metadata, ...object },
    spec: { ...balanced, ...spec },
    status: state ?? status,
  }
}

test.each(costs)('a bad %s costs what depends on it, and is told', (field, changes, left) => {
  expect(decoded(wrong(changes))).toEqual({ ...whole, partial: true, ...left })
  const { problems } = decode(wrong(changes))
  expect(problems.map(printProblem)).toEqual([expect.stringContaining(`${field}: found `)])
})

test.each(costs)('of a bad %s the version before holds', (_, changes) => {
  expect(decoded(wrong(changes), whole)).toEqual(whole)
})

test('of a bad source range the version before holds, but opens no other address', () => {
  const spec = { ...balanced, loadBalancerSourceRanges: undefined }
  const open = decoded({ metadata, spec, status })
  const more = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }, { ip: '203.0.113.11' }] } }
  const bad = wrong({ spec: { loadBalancerSourceRanges: ['all'] }, status: more })
  expect(decoded(bad, open)).toEqual(open)
  const inside = decoded({ metadata, spec: { ...balanced, type: 'NodePort' }, status })
  expect(decoded(bad, inside)).toMatchObject({
    loadBalancerAddresses: ['203.0.113.10', '203.0.113.11'],
    rangesUnread: true,
  })
  expect(decoded(bad, whole)).toMatchObject({
    loadBalancerAddresses: ['203.0.113.10', '203.0.113.11'],
    sourceRanges: ['192.0.2.0/24'],
  })
})

test('a bad NodePort costs the NodePort, a bad port that port', () => {
  const ports = [
    { name: 'a', port: 80, nodePort: 70000 },
    { name: 'b', port: 81, nodePort: 30081 },
    { name: 'c', port: 82, nodePort: 30081 },
    { name: 'd', port: 0, nodePort: 30083 },
  ]
  expect(decoded({ spec: { type: 'NodePort', ports } }).ports).toMatchObject([
    { name: 'a', port: 80, nodePort: undefined },
    { name: 'b', port: 81, nodePort: 30081 },
    { name: 'c', port: 82, nodePort: undefined },
  ])
})

test('empty texts are defaults where the API server takes them for that', () => {
  const empty = { type: '', sessionAffinity: '', externalTrafficPolicy: '' }
  const changes = { spec: { ...empty, ports: [{ port: 80, protocol: '' }] } }
  expect(decode({ ...changes, metadata: { namespace: '' } })).toEqual(
    decode({ metadata: { namespace: 'default' } }),
  )
})

test('prefix lengths are read as by kube-proxy, leading zeros and all', () => {
  const loadBalancerSourceRanges = ['192.0.2.0/025', '010.000.0.1/0008', '2001:db8::/0032']
  const spec = { type: 'LoadBalancer', loadBalancerSourceRanges }
  expect(decoded({ spec }).sourceRanges).toEqual(['192.0.2.0/25', '10.0.0.0/8', '2001:db8::/32'])
  expect(decode({ spec }).problems.map(({ severity }) => severity)).toEqual([
    'note',
    'note',
    'note',
  ])
})

test('where load-balancer addresses come from is what the mark and the condition say', () => {
  const metadata = { annotations: { 'metallb.universe.tf/ip-allocated-from-pool': 'production' } }
  const conditions = [
    { type: 'other', message: 'of another program' },
    { type: 'nodelb.io/AddressAssigned', message: 'IPAddressPool production gives it' },
  ]
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
  const originOf = (changes: Changes) => decoded({ spec, ...changes }).addressOrigin
  expect(originOf({ metadata, status: { ...ingress, conditions } })).toEqual({
    pool: 'production',
    reason: 'IPAddressPool production gives it',
  })
  expect(originOf({ metadata, status: ingress })).toEqual({ pool: 'production' })
  expect(originOf({ status: { ...ingress, conditions } })).toEqual({
    reason: 'IPAddressPool production gives it',
  })
  expect(originOf({ status: ingress })).toBeUndefined()
  // Without an address there is nothing whose origin could be told.
  expect(originOf({ metadata, status: { conditions } })).toBeUndefined()
  const odd = [{ type: 'nodelb.io/AddressAssigned', message: 7 }, null, 'text']
  expect(originOf({ status: { ...ingress, conditions: odd } })).toBeUndefined()
})
