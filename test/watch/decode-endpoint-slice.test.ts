import { expect, test } from 'vitest'
import type { SliceObject } from '../../src/model/service.ts'
import { decodeEndpointSlice } from '../../src/watch/decode-endpoint-slice.ts'

const metadata = { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } }

function decoded(changes: object): SliceObject {
  const json = { metadata, addressType: 'IPv4', ...changes }
  const result = decodeEndpointSlice(json, 'cluster.yaml')
  if (result.kind !== 'slice') throw new Error(JSON.stringify(result))
  return result.slice
}

test('a slice may be without ports and endpoints', () => {
  expect(decoded({ ports: null, endpoints: null })).toEqual({
    namespace: 'default',
    name: 'web-1',
    service: 'web',
    family: 'ipv4',
    ports: [],
    endpoints: [],
  })
})

test('a port without name and protocol is the unnamed TCP port', () => {
  expect(decoded({ ports: [{ name: null, port: 8080 }] }).ports).toEqual([
    { name: '', protocol: 'tcp', port: 8080 },
  ])
})

test.each([
  [undefined, true, true, false],
  [{}, true, true, false],
  [{ ready: null, serving: null, terminating: null }, true, true, false],
  [{ ready: false }, false, false, false],
  [{ ready: false, serving: true, terminating: true }, false, true, true],
  [{ ready: true, serving: false }, true, false, false],
])(
  'conditions %j: ready %s, serving %s, terminating %s',
  (conditions, ready, serving, terminating) => {
    const endpoints = [{ addresses: ['10.244.1.10'], conditions }]
    expect(decoded({ endpoints }).endpoints[0]).toMatchObject({ ready, serving, terminating })
  },
)

test('of several addresses the first is used', () => {
  const endpoints = [{ addresses: ['10.244.1.10', 'not read'], nodeName: 'node-a' }]
  expect(decoded({ endpoints }).endpoints).toEqual([
    {
      address: '10.244.1.10',
      nodeName: 'node-a',
      ready: true,
      serving: true,
      terminating: false,
      zones: undefined,
      nodes: undefined,
    },
  ])
})

test('reads hints; an empty list of them is none', () => {
  const hints = { forZones: [{ name: 'zone-1' }, { name: 'zone-2' }], forNodes: [] }
  const endpoints = [{ addresses: ['10.244.1.10'], hints }]
  expect(decoded({ endpoints }).endpoints[0]).toMatchObject({
    zones: ['zone-1', 'zone-2'],
    nodes: undefined,
  })
  const onNodes = [{ addresses: ['10.244.1.10'], hints: { forNodes: [{ name: 'node-a' }] } }]
  expect(decoded({ endpoints: onNodes }).endpoints[0]?.nodes).toEqual(['node-a'])
})

test('reads IPv6 in canonical text', () => {
  const slice = decoded({
    addressType: 'IPv6',
    endpoints: [{ addresses: ['FD00:10:244:1:0::10'] }],
  })
  expect(slice.family).toBe('ipv6')
  expect(slice.endpoints[0]?.address).toBe('fd00:10:244:1::10')
})

test.each([
  ['host-names', { addressType: 'FQDN', endpoints: [{ addresses: ['example.org'] }] }, 0],
  ['no-service', { metadata: { name: 'web-1' } }, 0],
  ['no-service', { metadata: { ...metadata, labels: { 'kubernetes.io/service-name': '' } } }, 0],
  ['headless', labelled('service.kubernetes.io/headless'), 0],
  ['other-proxy', labelled('service.kubernetes.io/service-proxy-name'), 0],
])('passes over a slice: %s', (reason, changes, notes) => {
  const result = decodeEndpointSlice({ metadata, addressType: 'IPv4', ...changes }, 'cluster.yaml')
  expect(result).toMatchObject({ kind: 'ignored', reason })
  expect(result.problems.map(({ severity }) => severity)).toEqual(Array(notes).fill('note'))
})

function labelled(label: string): object {
  return { metadata: { ...metadata, labels: { ...metadata.labels, [label]: '' } } }
}

test.each([
  ['IPv4', 'fd00::1', 'an IPv4 address'],
  ['IPv6', '10.244.1.10', 'an IPv6 address'],
])(
  'an endpoint of an %s slice has no address of the other family',
  (addressType, found, wanted) => {
    const json = { metadata, addressType, endpoints: [{ addresses: [found] }] }
    const { problems } = decodeEndpointSlice(json, 'cluster.yaml')
    expect(problems).toMatchObject([{ path: 'endpoints[0].addresses[0]', expected: wanted }])
  },
)

test('a bad node name or hint does not keep an endpoint from serving, a bad condition does', () => {
  const good = { addresses: ['10.244.1.10'] }
  const result = decodeEndpointSlice(
    {
      metadata,
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: '' }],
      endpoints: [
        { ...good, nodeName: 5, hints: { forZones: 'zone-1' } },
        { addresses: ['10.244.1.11'], conditions: { ready: 'yes' } },
      ],
    },
    'cluster.yaml',
  )
  expect(result).toMatchObject({
    kind: 'slice',
    slice: {
      ports: [{ protocol: 'tcp', port: 8080 }],
      endpoints: [{ address: '10.244.1.10', nodeName: undefined, zones: undefined, ready: true }],
    },
  })
  expect(result.problems.map(({ path }) => path)).toEqual([
    'endpoints[0].nodeName',
    'endpoints[0].hints.forZones',
    'endpoints[1].conditions.ready',
  ])
})
