import { expect, test } from 'vitest'
import { nodeClaimant, podNodesOf } from '../../src/allocate/nodes-world.ts'
import { reservationsOf } from '../../src/allocate/reservations.ts'
import { decodeCandidateNode } from '../../src/decode/allocation/node.ts'
import { decodeOldConfigMap } from '../../src/decode/allocation/old-config-map.ts'
import { decodePodNodes } from '../../src/decode/allocation/pod-nodes.ts'
import { decodeClaimant } from '../../src/decode/allocation/service.ts'
import type { Address } from '../../src/model/address.ts'
import { said } from './said.ts'

function node(json: object, name = 'node-a') {
  const result = decodeCandidateNode({ metadata: { name }, ...json }, 'node.yaml')
  if (result.kind !== 'node') throw new Error(JSON.stringify(said(result.problems)))
  return { ...result.node, said: said(result.problems) }
}

test('an object that names no namespace is in default', () => {
  const labels = { 'kubernetes.io/service-name': 'web' }
  expect(decodePodNodes({ metadata: { name: 'web-1', labels } }, '')).toMatchObject({
    podNodes: { service: 'default/web' },
  })
  const metadata = { name: 'web' }
  expect(decodeClaimant({ metadata, spec: { type: 'LoadBalancer' } }, '', [])).toMatchObject({
    claimant: { namespace: 'default' },
  })
  expect(decodeClaimant({ metadata, spec: { type: 'ClusterIP' } }, '', [])).toMatchObject({
    kind: 'not-ours',
    namespace: 'default',
  })
  const config = 'address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/28]}]'
  expect(decodeOldConfigMap({ metadata, data: { config } }, '')).toMatchObject({
    pools: [{ origin: { namespace: 'default' } }],
  })
})

test('labels, taints, condition and addresses of a Node', () => {
  const read = node({
    metadata: { name: 'node-a', labels: { zone: 'a' } },
    spec: {
      taints: [
        { key: 'gpu', effect: 'NoSchedule' },
        { key: 'x', value: 'y', effect: 'NoExecute' },
      ],
    },
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
      addresses: [
        { type: 'Hostname', address: 'node-a' },
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'ExternalIP', address: '198.51.100.1' },
        { type: 'InternalIP', address: 'FD00::1' },
      ],
    },
  })
  expect(read).toEqual({
    name: 'node-a',
    labels: new Map([['zone', 'a']]),
    taints: [
      { key: 'gpu', value: '', effect: 'NoSchedule' },
      { key: 'x', value: 'y', effect: 'NoExecute' },
    ],
    ready: true,
    internal: ['192.0.2.1', 'fd00::1'],
    external: ['198.51.100.1'],
    said: [],
  })
})

test.each([
  ['no condition', undefined, true],
  ['other conditions', [{ type: 'DiskPressure', status: 'True' }], true],
  ['True', [{ type: 'Ready', status: 'True' }], true],
  ['False', [{ type: 'Ready', status: 'False' }], false],
  ['Unknown', [{ type: 'Ready', status: 'Unknown' }], false],
])('a Node with %s is ready: %o %o', (_, conditions, ready) => {
  expect(node({ status: { conditions } }).ready).toBe(ready)
})

test('bad entries are told and left out', () => {
  const { taints, internal, said } = node({
    spec: { taints: [{ key: 'a' }, { key: 'b', effect: 'NoExecute' }] },
    status: {
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'InternalIP', address: '192.0.2.1' },
      ],
    },
  })
  expect(taints).toHaveLength(1)
  expect(internal).toEqual(['192.0.2.1'])
  expect(said).toEqual([
    expect.stringContaining('spec.taints[0].effect: found nothing'),
    expect.stringContaining('status.addresses[0].address: found "127.0.0.1"'),
  ])
})

function slice(endpoints: readonly object[], name = 'web') {
  const labels = { 'kubernetes.io/service-name': name }
  const metadata = { name: `${name}-1`, namespace: 'shop', labels }
  const result = decodePodNodes({ metadata, endpoints }, 'slice.yaml')
  if (result.kind !== 'pod-nodes') throw new Error(JSON.stringify(said(result.problems)))
  return result.podNodes
}

test('the Nodes with ready endpoints that are Pods', () => {
  const targetRef = { kind: 'Pod', name: 'x' }
  const first = slice([
    { nodeName: 'ready', targetRef, conditions: { ready: true } },
    { nodeName: 'silent', targetRef },
    { nodeName: 'not-ready', targetRef, conditions: { ready: false } },
    { nodeName: 'no-pod', conditions: { ready: true } },
    { nodeName: 'other', targetRef: { kind: 'VM' }, conditions: { ready: true } },
    { targetRef, conditions: { ready: true } },
  ])
  const second = slice([
    { nodeName: 'late', targetRef },
    { nodeName: 'ready', targetRef },
  ])
  const nodes = podNodesOf([first, slice([{ nodeName: 'x', targetRef }], 'api'), second])
  expect([...(nodes.get('shop/web') ?? [])]).toEqual(['ready', 'silent', 'late'])
  expect([...(nodes.get('shop/api') ?? [])]).toEqual(['x'])
})

test('a Service with policy Local knows the Nodes of its pods, and no other does', () => {
  const podNodes = podNodesOf([slice([{ nodeName: 'a', targetRef: { kind: 'Pod' } }])])
  const nodesFor = (name: string, externalTrafficPolicy: string) => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy, ports: [{ port: 80 }] }
    const result = decodeClaimant({ metadata: { name, namespace: 'shop' }, spec }, 'web.yaml', [])
    if (result.kind !== 'claimant') throw new Error(result.kind)
    const claimant = nodeClaimant(result.claimant, result.placement, podNodes)
    expect(claimant).toMatchObject({ namespace: 'shop', name, families: ['ipv4'] })
    expect(claimant.sharing.ports).toEqual([{ protocol: 'tcp', port: 80 }])
    return claimant.podNodes
  }
  expect(nodesFor('web', 'Local')).toEqual(new Set(['a']))
  expect(nodesFor('api', 'Local')).toEqual(new Set())
  expect(nodesFor('web', 'Cluster')).toBeUndefined()
})

test('a slice without a Service is ignored', () => {
  const json = { metadata: { name: 'x' }, endpoints: [] }
  expect(decodePodNodes(json, 'slice.yaml').kind).toBe('ignored')
})

test('what is reserved names its owner, the same in any order', () => {
  const at = (address: string) => address as Address
  const services = [
    { service: 'b/x', externalIps: [at('192.0.2.1'), at('192.0.2.2')], ofOtherClass: [] },
    { service: 'a/x', externalIps: [at('192.0.2.2')], ofOtherClass: [at('192.0.2.3')] },
    { service: 'c/x', externalIps: [], ofOtherClass: [at('192.0.2.2'), at('192.0.2.3')] },
  ]
  const status = { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] }
  const nodes = [node({ status }, 'node-b'), node({ status }, 'node-a')]
  const expected = [
    ['192.0.2.1', { kind: 'node', node: 'node-a' }],
    ['192.0.2.2', { kind: 'external-ip', service: 'a/x' }],
    ['192.0.2.3', { kind: 'other-class', service: 'a/x' }],
  ]
  expect([...reservationsOf(services, nodes)]).toEqual(expected)
  expect([...reservationsOf(services.toReversed(), nodes.toReversed())]).toEqual(expected)
})
