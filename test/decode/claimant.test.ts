import { expect, test } from 'vitest'
import { decodeClaimant } from '../../src/decode/allocation/service.ts'
import { joinPath } from '../../src/decode/problem.ts'
import { said } from './said.ts'

interface Service {
  readonly metadata?: object
  readonly spec?: object
  readonly status?: object
}

function decode({ metadata, spec, status }: Service, ...classes: readonly string[]) {
  const json = {
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { type: 'LoadBalancer', ...spec },
    status,
  }
  return decodeClaimant(json, 'web.yaml', classes)
}

function claimant(service: Service) {
  const result = decode(service)
  if (result.kind !== 'claimant') throw new Error(JSON.stringify(said(result.problems)))
  return { ...result.claimant, ...result.placement, said: said(result.problems) }
}

function annotated(annotations: object, spec?: object) {
  return claimant({ metadata: { annotations }, ...(spec && { spec }) })
}

test('a Service that asks for nothing in particular', () => {
  expect(claimant({})).toEqual({
    namespace: 'shop',
    name: 'web',
    created: '',
    labels: new Map(),
    families: ['ipv4'],
    dual: 'no',
    wish: { kind: 'any' },
    sharing: { key: undefined, ports: [], backend: '' },
    held: [],
    renewing: false,
    leaving: false,
    lbpool: undefined,
    tolerations: [],
    local: false,
    said: [],
  })
})

test.each([
  ['another type', { type: 'NodePort' }, [], 'type'],
  ['no type', { type: '' }, [], 'type'],
  ['a class', { loadBalancerClass: 'example.com/lb' }, [], 'class'],
  ['another class', { loadBalancerClass: 'example.com/lb' }, ['nodelb.io/lb'], 'class'],
])('a Service with %s is not ours', (_, spec, classes, reason) => {
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'x.example' }] } }
  const service = { spec: { ...spec, externalIPs: ['198.51.100.1'] }, status }
  expect(decode(service, ...classes)).toEqual({
    kind: 'not-ours',
    reason,
    namespace: 'shop',
    name: 'web',
    held: [{ address: '192.0.2.1', pool: undefined }],
    given: false,
    externalIps: ['198.51.100.1'],
    problems: [],
  })
})

test.each([
  ['the mark of a pool', { 'metallb.io/ip-allocated-from-pool': 'lan' }],
  ['what nodelb gave', { 'nodelb.io/allocated': '192.0.2.1' }],
])('an annotation with %s says that the addresses are given', (_, annotations) => {
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }
  const service = { metadata: { annotations }, spec: { type: 'ClusterIP' }, status }
  expect(decode(service)).toMatchObject({ kind: 'not-ours', given: true })
})

test('a configured class is ours, beside Services without one', () => {
  const classes = ['nodelb.io/lb']
  expect(decode({ spec: { loadBalancerClass: 'nodelb.io/lb' } }, ...classes).kind).toBe('claimant')
  expect(decode({}, ...classes).kind).toBe('claimant')
})

test.each([
  ['a type', { type: 'Balancer' }],
  ['a class', { loadBalancerClass: 7 }],
  ['a policy', { externalTrafficPolicy: 'local' }],
])('a Service with %s that cannot be read is invalid', (_, spec) => {
  const result = decode({ spec })
  expect(result.kind).toBe('invalid')
  expect(result.problems).not.toEqual([])
})

const dual = { clusterIPs: ['10.96.0.1', 'fd00::1'] }

test.each<[string, object, readonly string[], string]>([
  ['one ClusterIP', { clusterIPs: ['fd00::1'] }, ['ipv6'], 'no'],
  ['the old field alone', { clusterIP: 'fd00::1' }, ['ipv6'], 'no'],
  ['two ClusterIPs without policy', dual, ['ipv4', 'ipv6'], 'required'],
  ['the other order', { clusterIPs: ['fd00::1', '10.96.0.1'] }, ['ipv6', 'ipv4'], 'required'],
  [
    'PreferDualStack',
    { ...dual, ipFamilyPolicy: 'PreferDualStack' },
    ['ipv4', 'ipv6'],
    'preferred',
  ],
  ['SingleStack', { ...dual, ipFamilyPolicy: 'SingleStack' }, ['ipv4'], 'no'],
  [
    'PreferDualStack in a cluster of one family',
    { clusterIPs: ['10.96.0.1'], ipFamilyPolicy: 'PreferDualStack' },
    ['ipv4'],
    'no',
  ],
  [
    'ClusterIPs against ipFamilies',
    { ...dual, ipFamilies: ['IPv6'] },
    ['ipv4', 'ipv6'],
    'required',
  ],
  ['ipFamilies alone', { ipFamilies: ['IPv6'] }, ['ipv6'], 'no'],
  ['two ipFamilies alone', { ipFamilies: ['IPv6', 'IPv4'] }, ['ipv6', 'ipv4'], 'required'],
  [
    'one of ipFamilies and a dual policy',
    { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' },
    ['ipv6', 'ipv4'],
    'preferred',
  ],
  ['a policy alone', { ipFamilyPolicy: 'RequireDualStack' }, ['ipv4', 'ipv6'], 'required'],
])('families by %s', (_, spec, families, stack) => {
  expect(claimant({ spec })).toMatchObject({ families, dual: stack, said: [] })
})

test('RequireDualStack with one ClusterIP is told', () => {
  const spec = { clusterIPs: ['10.96.0.1'], ipFamilyPolicy: 'RequireDualStack' }
  const { families, dual, said } = claimant({ spec })
  expect({ families, dual }).toEqual({ families: ['ipv4'], dual: 'no' })
  expect(said).toEqual([expect.stringContaining('expected two ClusterIPs; it gets one address')])
})

const IPS = 'metallb.io/loadBalancerIPs'
const OLD_IPS = 'metallb.universe.tf/loadBalancerIPs'
const POOL = 'metallb.io/address-pool'

function asks(...addresses: readonly string[]) {
  return { kind: 'addresses', addresses, pool: undefined }
}

test.each<[string, object, object, object]>([
  ['one address', { [IPS]: '192.0.2.1' }, {}, asks('192.0.2.1')],
  ['two', { [IPS]: 'fd00::0A, 192.0.2.1' }, {}, asks('fd00::a', '192.0.2.1')],
  ['the old prefix', { [OLD_IPS]: '192.0.2.1' }, {}, asks('192.0.2.1')],
  ['both prefixes', { [IPS]: '192.0.2.1', [OLD_IPS]: '192.0.2.2' }, {}, asks('192.0.2.1')],
  [
    'an empty new one beside an old one',
    { [IPS]: '', [OLD_IPS]: '192.0.2.2' },
    {},
    { kind: 'any' },
  ],
  ['IPv4 as IPv6', { [IPS]: '::ffff:192.0.2.1' }, {}, asks('192.0.2.1')],
  ['the field', {}, { loadBalancerIP: '192.0.2.1' }, asks('192.0.2.1')],
  ['an empty field', {}, { loadBalancerIP: '' }, { kind: 'any' }],
  ['a pool', { [POOL]: 'a' }, {}, { kind: 'pool', pool: 'a' }],
  ['an empty pool', { [POOL]: '' }, {}, { kind: 'any' }],
  [
    'pool and address',
    { [POOL]: 'a', [IPS]: '192.0.2.1' },
    {},
    { ...asks('192.0.2.1'), pool: 'a' },
  ],
])('a wish for %s', (_, annotations, spec, wish) => {
  const read = annotated(annotations, spec)
  expect(read.wish).toEqual(wish)
  expect(read.said).toEqual([])
})

test.each<[string, object, string]>([
  ['no address', { [IPS]: 'none' }, '"none" is no IP address'],
  ['an empty part', { [IPS]: '192.0.2.1,' }, '"" is no IP address'],
  ['two of one family', { [IPS]: '192.0.2.1,192.0.2.2' }, 'it names two IPv4 addresses'],
  ['the same twice', { [IPS]: 'fd00::1,fd00::1' }, 'it names two IPv6 addresses'],
  ['a range', { [IPS]: '192.0.2.0/24' }, '"192.0.2.0/24" is no IP address'],
  ['loopback', { [IPS]: '127.0.0.1' }, 'no Service can have 127.0.0.1'],
])('a wish for %s is unreadable and told', (_, annotations, why) => {
  const { wish, said } = annotated(annotations)
  expect(wish).toMatchObject({ kind: 'unreadable', why })
  expect(said).toEqual([expect.stringContaining(`metadata.annotations["${IPS}"]: found`)])
})

test('annotation and field that say the same are taken with a note', () => {
  const { wish, said } = annotated({ [IPS]: '192.0.2.1' }, { loadBalancerIP: '192.0.2.1' })
  expect(wish).toEqual(asks('192.0.2.1'))
  expect(said).toEqual([
    `spec.loadBalancerIP: found "192.0.2.1", expected the address in one place; the same as ${IPS}`,
  ])
})

test('annotation and field that differ are unreadable', () => {
  const { wish, said } = annotated({ [OLD_IPS]: '192.0.2.1' }, { loadBalancerIP: '192.0.2.2' })
  expect(wish).toEqual({
    kind: 'unreadable',
    text: '192.0.2.1 and 192.0.2.2',
    why: `${OLD_IPS} and spec.loadBalancerIP differ`,
  })
  expect(said).toHaveLength(1)
})

test('a bad field beside a good annotation is unreadable, and so is the reverse', () => {
  const bad = annotated({ [IPS]: '192.0.2.1' }, { loadBalancerIP: 7 })
  expect(bad.wish).toMatchObject({ kind: 'unreadable', why: 'spec.loadBalancerIP is no text' })
  const other = annotated({ [IPS]: 'x' }, { loadBalancerIP: '192.0.2.1' })
  expect(other.wish).toMatchObject({ kind: 'unreadable', text: 'x' })
})

test('leading zeros in a wish are told', () => {
  const { wish, said } = annotated({ [IPS]: '192.0.02.1' })
  expect(wish).toEqual(asks('192.0.2.1'))
  expect(said).toEqual([expect.stringContaining('no leading zeros; read as 192.0.2.1')])
})

const shared = { 'metallb.io/allow-shared-ip': 'key' }
const ports = [{ port: 80 }, { port: 53, protocol: 'UDP' }]
const selector = { b: '2', a: '1' }

test('sharing for policy Cluster does not depend on the selector', () => {
  const { sharing } = annotated(shared, { ports, selector })
  expect(sharing).toEqual({
    key: 'key',
    ports: [
      { protocol: 'tcp', port: 80 },
      { protocol: 'udp', port: 53 },
    ],
    backend: '',
  })
})

test('sharing for policy Local depends on the whole selector', () => {
  const spec = { ports, selector, externalTrafficPolicy: 'Local' }
  const { sharing, local } = annotated(shared, spec)
  expect(sharing.backend).toBe('a=1,b=2')
  expect(local).toBe(true)
})

test('a bad port is told and left out', () => {
  const { sharing, said } = annotated(shared, { ports: [{ port: 0 }, { port: 80 }] })
  expect(sharing.ports).toEqual([{ protocol: 'tcp', port: 80 }])
  expect(said).toEqual([expect.stringContaining('spec.ports[0].port: found 0')])
})

test.each(['metallb.io/', 'metallb.universe.tf/'])(
  'held addresses with the mark of %s',
  (prefix) => {
    const { held, said } = claimant({
      metadata: { annotations: { [`${prefix}ip-allocated-from-pool`]: 'production' } },
      status: {
        loadBalancer: {
          ingress: [
            { ip: '192.0.2.1', ipMode: 'Proxy' },
            { hostname: 'web.example' },
            { ip: 'FD00::1' },
            { ip: '192.0.2.1' },
            { ip: 'x' },
          ],
        },
      },
    })
    expect(held).toEqual([
      { address: '192.0.2.1', pool: 'production' },
      { address: 'fd00::1', pool: 'production' },
    ])
    expect(said).toEqual([expect.stringContaining('ingress[4].ip: found "x"')])
  },
)

test('a new value of nodelb.io/renew asks for new addresses until it is done', () => {
  const renewing = (annotations: object) => annotated(annotations).renewing
  expect(renewing({})).toBe(false)
  expect(renewing({ 'nodelb.io/renew': '' })).toBe(false)
  expect(renewing({ 'nodelb.io/renew': '1' })).toBe(true)
  expect(renewing({ 'nodelb.io/renew': '1', 'nodelb.io/renewed': '1' })).toBe(false)
  expect(renewing({ 'nodelb.io/renew': '2', 'nodelb.io/renewed': '1' })).toBe(true)
})

test('times of creation and deletion', () => {
  const times = {
    creationTimestamp: '2026-01-31T12:00:00Z',
    deletionTimestamp: '2026-02-01T12:00:00Z',
  }
  expect(claimant({ metadata: times })).toMatchObject({
    created: '2026-01-31T12:00:00Z',
    leaving: true,
  })
  const bad = claimant({ metadata: { creationTimestamp: 'today' } })
  expect(bad.created).toBe('')
  expect(bad.said).toEqual([expect.stringContaining('metadata.creationTimestamp: found "today"')])
})

test('an address that nodelb did not give has no pool, whatever mark is beside it', () => {
  const { held } = claimant({
    metadata: {
      annotations: {
        'metallb.io/ip-allocated-from-pool': 'public',
        'nodelb.io/allocated': '192.0.2.1',
      },
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] } },
  })
  expect(held).toEqual([
    { address: '192.0.2.1', pool: 'public' },
    { address: '192.0.2.2', pool: undefined },
  ])
})

test('labels and tolerations of ServiceLB', () => {
  const tolerations =
    '[{"key":"gpu","operator":"Exists"},{"key":"team","value":"a","effect":"NoSchedule"}]'
  const read = claimant({
    metadata: {
      labels: { 'svccontroller.k3s.cattle.io/lbpool': 'edge' },
      annotations: { 'svccontroller.k3s.cattle.io/tolerations': tolerations },
    },
  })
  expect(read.said).toEqual([])
  expect(read).toMatchObject({
    lbpool: 'edge',
    tolerations: [
      { key: 'gpu', value: undefined, effect: undefined },
      { key: 'team', value: 'a', effect: 'NoSchedule' },
    ],
  })
})

test('tolerations as YAML, with one that cannot be read', () => {
  const annotations = {
    'svccontroller.k3s.cattle.io/tolerations':
      '- operator: Exists\n- operator: Equal\n- {key: a, operator: Is}\n- key: b\n',
  }
  const { tolerations, said } = annotated(annotations)
  expect(tolerations).toEqual([
    { key: undefined, value: undefined, effect: undefined },
    { key: 'b', value: '', effect: undefined },
  ])
  expect(said).toEqual([
    expect.stringMatching(/\[1\]\.key: found nothing, expected the key of a taint/),
    expect.stringMatching(/\[2\]\.operator: found "Is", expected Equal or Exists/),
  ])
})

test.each(['[', '{"key": "a"}', '7'])('tolerations that are no list are told: %s', (text) => {
  const annotations = { 'svccontroller.k3s.cattle.io/tolerations': text }
  const { tolerations, said } = annotated(annotations)
  expect(tolerations).toEqual([])
  expect(said).toEqual([expect.stringContaining('svccontroller.k3s.cattle.io/tolerations')])
})

test.each([
  ['metallb.io/loadbalancerIPs', 'the key metallb.io/loadBalancerIPs'],
  ['metallb.io/loadBalancerIP', 'the key metallb.io/loadBalancerIPs'],
  ['metallb.universe.tf/adress-pool', 'the key metallb.universe.tf/address-pool'],
  ['metallb.universe.tv/address-pool', 'the key metallb.io/address-pool'],
  ['metallb.org/allow-shared-ip', 'the key metallb.io/allow-shared-ip'],
  ['metalb.io/allow-shared-ips', 'the key metallb.io/allow-shared-ip'],
  ['loadBalancerIPs', 'the key metallb.io/loadBalancerIPs'],
  ['metallb.io/pool', 'loadBalancerIPs, address-pool or allow-shared-ip behind metallb.io/'],
  ['nodelb.io/renewe', 'the key nodelb.io/renew'],
  ['svccontroller.k3s.cattle.io/toleration', 'the key svccontroller.k3s.cattle.io/tolerations'],
  ['svccontroller.k3s.cattle.io/lbpool', 'this key among the labels'],
  ['svccontroller.k3s.cattle.io/enablelb', 'this key among the labels'],
])('the annotation %s is told', (key, expected) => {
  const { said } = annotated({ [key]: 'x' })
  expect(said).toEqual([
    `${joinPath('metadata.annotations', key)}: found "x", expected ${expected}; ` +
      'it has no effect as it stands',
  ])
})

test.each([
  'kube-vip.io/loadbalancerIPs',
  'purelb.io/address-pool',
  'example.com/pool',
  'nodelb.io/ipvs-scheduler',
  'nodelb.io/renewed',
  'metallb.io/ip-allocated-from-pool',
  'description',
])('the annotation %s is not told', (key) => {
  expect(annotated({ [key]: 'rr' }).said).toEqual([])
})

test.each([IPS, OLD_IPS, 'metallb.io/allow-shared-ip', 'nodelb.io/renew'])(
  'the annotation %s among the labels is told',
  (key) => {
    const { wish, said } = claimant({ metadata: { labels: { [key]: '192.0.2.1' } } })
    expect(wish).toEqual({ kind: 'any' })
    expect(said).toEqual([
      `metadata.labels["${key}"]: found "192.0.2.1", expected this key among the annotations; ` +
        'it has no effect as it stands',
    ])
  },
)
