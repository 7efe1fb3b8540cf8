import { describe, expect, test } from 'vitest'
import { decodeLabelledPool } from '../../src/decode/announcing/address-pool.ts'
import { decodeAdvertisement } from '../../src/decode/announcing/advertisement.ts'
import { decodeExcludedInterfaces } from '../../src/decode/announcing/excluded-interfaces.ts'
import { decodeAnnouncerNode } from '../../src/decode/announcing/node.ts'
import { decodeAnnouncedService } from '../../src/decode/announcing/service.ts'
import { decodeServingEndpoints } from '../../src/decode/announcing/serving-endpoints.ts'
import { said } from './said.ts'

const named = (rest: object = {}) => ({ name: 'web', namespace: 'shop', ...rest })

describe('an L2Advertisement', () => {
  function read(spec: unknown, metadata: object = named()) {
    const decoded = decodeAdvertisement({ metadata, spec }, 'x.yaml')
    const value = decoded.kind === 'advertisement' ? decoded.advertisement : decoded.kind
    return { value, said: said(decoded.problems) }
  }

  const everything = {
    name: 'web',
    pools: undefined,
    nodes: undefined,
    services: undefined,
    interfaces: undefined,
    preferred: [],
  }
  const zone = { requirements: [{ key: 'zone', operator: 'in', values: ['a'] }] }
  const selector = { matchLabels: { zone: 'a' } }

  test.each([
    [undefined],
    [null],
    [{}],
    [{ ipAddressPools: [], nodeSelectors: null, interfaces: [], preferredNodeSelectors: [] }],
  ])('with the specification %j is for everything', (spec) => {
    expect(read(spec)).toEqual({ value: everything, said: [] })
  })

  test('has all that it can say', () => {
    expect(
      read({
        ipAddressPools: ['home'],
        ipAddressPoolSelectors: [selector],
        nodeSelectors: [selector],
        serviceSelectors: [selector],
        interfaces: ['eth0', 'br-lan.100'],
        preferredNodeSelectors: [{ weight: 100, preference: selector }],
      }),
    ).toEqual({
      value: {
        name: 'web',
        pools: { names: ['home'], selectors: [zone] },
        nodes: [zone],
        services: [zone],
        interfaces: ['eth0', 'br-lan.100'],
        preferred: [{ weight: 100, nodes: zone }],
      },
      said: [],
    })
  })

  test.each([
    [{ ipAddressPools: [7] }, { pools: { names: [], selectors: [] } }],
    [{ ipAddressPools: 'home' }, { pools: { names: [], selectors: [] } }],
    [{ ipAddressPoolSelectors: [{ matchLabel: {} }] }, { pools: { names: [], selectors: [] } }],
    [{ nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }] }, { nodes: [] }],
    [{ serviceSelectors: {} }, { services: [] }],
    [{ interfaces: ['a/b'] }, { interfaces: [] }],
    [{ interfaces: [''] }, { interfaces: [] }],
    [{ preferredNodeSelectors: [{ weight: 1, preference: 7 }] }, { preferred: [] }],
  ])('with %j means nothing there rather than everything', (spec, rest) => {
    const { value, said: told } = read(spec)
    expect(value).toEqual({ ...everything, ...rest })
    expect(told).toHaveLength(1)
  })

  test('keeps its good entries beside bad ones', () => {
    expect(
      read({
        interfaces: ['eth0', 'sixteen-letters-', 'eth0'],
        nodeSelectors: [selector, { matchLabels: { zone: 1 } }],
        preferredNodeSelectors: [
          { weight: 0, preference: selector },
          { weight: 50 },
          { weight: 7, preference: selector },
        ],
      }),
    ).toEqual({
      value: {
        ...everything,
        nodes: [zone],
        interfaces: ['eth0'],
        preferred: [{ weight: 7, nodes: zone }],
      },
      said: [
        'spec.nodeSelectors[1].matchLabels.zone: found 1, expected text, in quotes if need be',
        'spec.interfaces[1]: found "sixteen-letters-", expected the name of an interface, of 1 to 15 characters',
        'spec.interfaces[2]: found "eth0", expected each entry once; it counts once',
        'spec.preferredNodeSelectors[0].weight: found 0, expected a whole number from 1 to 100',
        'spec.preferredNodeSelectors[1].preference: found nothing, expected an object',
      ],
    })
  })

  test('is invalid without a name or with a specification that is no object', () => {
    expect(read({}, {}).value).toBe('invalid')
    expect(read('all')).toEqual({
      value: 'invalid',
      said: ['spec: found "all", expected an object'],
    })
  })
})

test('an IPAddressPool has labels here', () => {
  const decoded = decodeLabelledPool(
    { metadata: named({ labels: { zone: 'a', n: 1 } }), spec: { addresses: ['192.0.2.0/24'] } },
    'x.yaml',
  )
  expect(decoded).toMatchObject({
    kind: 'pool',
    pool: { name: 'web', labels: new Map([['zone', 'a']]), audience: undefined },
  })
  expect(said(decoded.problems)).toEqual([
    'metadata.labels.n: found 1, expected text, in quotes if need be',
  ])
  expect(decodeLabelledPool({ metadata: named(), spec: {} }, 'x.yaml').kind).toBe('invalid')
})

describe('a Node', () => {
  function read(rest: object, metadata: object = {}) {
    const decoded = decodeAnnouncerNode({ metadata: { name: 'n1', ...metadata }, ...rest }, 'x')
    return decoded.kind === 'node' ? decoded.node : decoded.kind
  }

  test('has labels and the addresses at which the others reach it', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'ExternalIP', address: '198.51.100.1' },
      { type: 'Hostname', address: 'n1' },
      { type: 'InternalIP', address: 'fd00::1' },
    ]
    expect(read({ status: { addresses } }, { labels: { zone: 'a' } })).toEqual({
      name: 'n1',
      labels: new Map([['zone', 'a']]),
      internal: ['10.0.0.1', 'fd00::1'],
      networkUnavailable: false,
      cordoned: false,
      departure: undefined,
    })
  })

  const conditions = (type: string, status: string, rest = {}) => ({
    status: { conditions: [{ type, status, ...rest }] },
  })

  test.each([
    [conditions('NetworkUnavailable', 'True'), true],
    [conditions('NetworkUnavailable', 'False'), false],
    [conditions('NetworkUnavailable', 'Unknown'), false],
  ])('with %j is without network: %s', (rest, networkUnavailable) => {
    expect(read(rest)).toMatchObject({ networkUnavailable })
  })

  const shuts = { reason: 'KubeletNotReady', message: 'node is shutting down' }
  test.each([
    [{}, { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'deleted'],
    [{ spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } }, {}, 'autoscaler'],
    [{ spec: { taints: [{ key: 'node.kubernetes.io/unschedulable' }] } }, {}, undefined],
    [{ spec: { unschedulable: true } }, {}, undefined],
    [conditions('Ready', 'False', shuts), {}, 'shutdown'],
    [conditions('Ready', 'False', { reason: 'NodeShutdown' }), {}, 'shutdown'],
    [conditions('Ready', 'True', shuts), {}, undefined],
    [conditions('Ready', 'False', { reason: 'KubeletNotReady' }), {}, undefined],
    [conditions('Ready', 'Unknown', { reason: 'NodeStatusUnknown' }), {}, undefined],
  ])('with %j and %j departs: %s', (rest, metadata, departure) => {
    expect(read(rest, metadata)).toMatchObject({ departure })
  })

  test('of which a condition cannot be read keeps the others', () => {
    const bad = { status: { conditions: [7, { type: 'NetworkUnavailable', status: 'True' }] } }
    expect(read(bad)).toMatchObject({ networkUnavailable: true })
  })
})

describe('a Service', () => {
  function read(spec: object, rest: object = {}, metadata: object = {}) {
    const whole = { metadata: named(metadata), spec: { type: 'LoadBalancer', ...spec }, ...rest }
    const decoded = decodeAnnouncedService(whole, 'x')
    return decoded.kind === 'service' ? decoded.service : decoded.kind
  }

  test('without a namespace is of the namespace default, as in a file', () => {
    expect(read({}, {}, { namespace: undefined })).toMatchObject({ name: 'default/web' })
  })

  test('has the addresses of its status in their order', () => {
    const ingress = [{ ip: 'fd00::1' }, { hostname: 'x' }, { ip: '192.0.2.1' }, { ip: 'fd00::1' }]
    expect(read({}, { status: { loadBalancer: { ingress } } })).toEqual({
      name: 'shop/web',
      labels: new Map(),
      class: undefined,
      addresses: ['fd00::1', '192.0.2.1'],
      local: false,
      shares: false,
    })
  })

  test('has policy, class, labels and whether it may share', () => {
    const metadata = {
      labels: { app: 'web' },
      annotations: { 'metallb.universe.tf/allow-shared-ip': 'k' },
    }
    const spec = { externalTrafficPolicy: 'Local', loadBalancerClass: 'example.com/lb' }
    expect(read(spec, {}, metadata)).toMatchObject({
      labels: new Map([['app', 'web']]),
      class: 'example.com/lb',
      local: true,
      shares: true,
    })
    const emptied = { annotations: { 'metallb.io/allow-shared-ip': '' } }
    expect(read({ loadBalancerClass: '' }, {}, emptied)).toMatchObject({
      class: undefined,
      shares: false,
    })
  })

  test('of another type is ignored, and one with a policy that is none is invalid', () => {
    expect(read({ type: 'ClusterIP' })).toBe('ignored')
    expect(read({ externalTrafficPolicy: 'Node' })).toBe('invalid')
  })
})

describe('an EndpointSlice', () => {
  function read(endpoints: unknown, labels: object = { 'kubernetes.io/service-name': 'web' }) {
    const decoded = decodeServingEndpoints({ metadata: named({ labels }), endpoints }, 'x')
    const value = decoded.kind === 'endpoints' ? decoded.endpoints : decoded.kind
    return { value, said: said(decoded.problems) }
  }

  test.each([
    [undefined, true],
    [{}, true],
    [{ ready: true }, true],
    [{ ready: null, serving: false }, true],
    [{ ready: false }, false],
    [{ ready: false, serving: false }, false],
    [{ ready: false, serving: true, terminating: true }, true],
  ])('with the conditions %j can serve: %s', (conditions, can) => {
    const { value } = read([{ nodeName: 'n1', conditions }])
    expect(value).toMatchObject({ service: 'shop/web', any: can, nodes: can ? ['n1'] : [] })
  })

  test('says on which Nodes all endpoints end', () => {
    const ends = { ready: false, serving: true, terminating: true }
    const [n1, n2] = [{ nodeName: 'n1' }, { nodeName: 'n2' }]
    const endpoints = [n1, { ...n1, conditions: ends }, { ...n2, conditions: ends }]
    expect(read(endpoints).value).toMatchObject({ nodes: ['n1', 'n2'], ending: ['n2'] })
  })

  test('has each Node once, and counts endpoints on none', () => {
    const endpoints = [{ nodeName: 'n2' }, { nodeName: 'n1' }, { nodeName: 'n2' }, {}]
    expect(read(endpoints).value).toMatchObject({ any: true, nodes: ['n2', 'n1'] })
    expect(read([{}]).value).toMatchObject({ any: true, nodes: [] })
    expect(read(null).value).toMatchObject({ any: false, nodes: [] })
  })

  test('has the address of each endpoint on a Node', () => {
    const endpoints = [
      { nodeName: 'n1', addresses: ['10.1.0.1'] },
      { nodeName: 'n1', addresses: ['10.1.0.2', '10.1.0.3'] },
      { nodeName: 'n2', addresses: [7] },
      { addresses: ['10.1.0.4'] },
    ]
    const hosted = new Map([
      ['n1', ['10.1.0.1', '10.1.0.2']],
      ['n2', []],
    ])
    expect(read(endpoints).value).toMatchObject({ hosted })
  })

  test('leaves out an endpoint that cannot be read', () => {
    expect(read([{ nodeName: 7 }, { nodeName: 'n1' }])).toEqual({
      value: { service: 'shop/web', any: true, nodes: ['n1'], hosted: new Map([['n1', []]]) },
      said: ['endpoints[0].nodeName: found 7, expected text'],
    })
  })

  test('of no Service is ignored', () => {
    expect(read([], {}).value).toBe('ignored')
  })
})

describe('the ConfigMap metallb-excludel2', () => {
  function read(data: unknown, name = 'metallb-excludel2') {
    const decoded = decodeExcludedInterfaces({ metadata: named({ name }), data }, 'x.yaml')
    const value = decoded.kind === 'exclusions' ? decoded.patterns : decoded.kind
    return { value, said: said(decoded.problems) }
  }

  test('has expressions', () => {
    const text = 'announcedInterfacesToExclude:\n- ^docker.*\n- ^wlan\n'
    expect(read({ 'excludel2.yaml': text })).toEqual({ value: ['^docker.*', '^wlan'], said: [] })
    expect(read({ other: text }).value).toEqual(['^docker.*', '^wlan'])
    const empty = { 'excludel2.yaml': 'announcedInterfacesToExclude: []' }
    expect(read(empty)).toEqual({ value: [], said: [] })
  })

  test('of another name is not ours', () => {
    expect(read({ 'excludel2.yaml': 'announcedInterfacesToExclude: [a]' }, 'x').value).toBe(
      'ignored',
    )
  })

  test('leaves out an expression that is none', () => {
    expect(read({ x: 'announcedInterfacesToExclude: ["(", ^wlan, 7]' })).toEqual({
      value: ['^wlan'],
      said: [
        'data.x.announcedInterfacesToExclude[0]: found "(", expected a regular expression such as ^docker.*',
        'data.x.announcedInterfacesToExclude[2]: found 7, expected a regular expression such as ^docker.*',
      ],
    })
  })

  test('that is no YAML is invalid, and says where', () => {
    expect(read({ x: '# all\nannouncedInterfacesToExclude: [a\n' })).toEqual({
      value: 'invalid',
      said: [
        'data.x: found a syntax error (Flow sequence in block collection must be sufficiently indented and end with a ]) in line 2, expected YAML',
        'data.x.announcedInterfacesToExclude: found nothing, expected a list of regular expressions',
      ],
    })
  })

  test.each([
    [undefined, 'data["excludel2.yaml"]: found nothing, expected text'],
    [
      { 'excludel2.yaml': '{}' },
      'data["excludel2.yaml"].announcedInterfacesToExclude: found nothing, expected a list of regular expressions',
    ],
  ])('with the data %j is invalid', (data, line) => {
    expect(read(data)).toEqual({ value: 'invalid', said: [line] })
  })
})
