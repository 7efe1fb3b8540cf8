import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitions } from '../support/crds.ts'
import { ApiServer } from './support/apiserver.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const crds = definitions()
let server: ApiServer

beforeAll(async () => {
  server = await ApiServer.start()
  await server.admin.create(DEFINITIONS, crds)
}, 600_000)
afterAll(async () => {
  await server.stop()
})

/** The conditions that hold; `NonStructuralSchema` would be among them. */
async function conditionsOf(name: string): Promise<readonly string[]> {
  const { status } = await server.admin.call('GET', `${DEFINITIONS}/${name}`)
  const conditions: readonly { type: string; status: string }[] = status?.conditions ?? []
  return conditions
    .filter((each) => each.status === 'True')
    .map(({ type }) => type)
    .sort()
}

function pathOf(kind: string, version: string): string {
  const { group, scope, names } = crds.find(({ spec }) => spec.names.kind === kind).spec
  const place = scope === 'Namespaced' ? '/namespaces/default' : ''
  return `/apis/${group}/${version}${place}/${names.plural}`
}

interface Sample {
  readonly kind: string
  readonly version?: string
  readonly body: object
}

async function create({ kind, version = 'v1beta1', body }: Sample, name: string) {
  const path = pathOf(kind, version)
  const [, , group] = path.split('/')
  const object = { apiVersion: `${group}/${version}`, kind, metadata: { name }, ...body }
  await expect
    .poll(async () => (await server.admin.ask('GET', path)).status, { timeout: 30_000 })
    .toBe(200)
  return server.admin.ask('POST', path, object)
}

const selector = {
  matchLabels: { a: 'b' },
  matchExpressions: [{ key: 'c', operator: 'In', values: ['d'] }],
}

const good: readonly Sample[] = [
  {
    kind: 'IPAddressPool',
    body: {
      spec: {
        addresses: ['192.0.2.0/24', '192.0.2.10-192.0.2.20', ' 2001:db8::1 - 2001:db8::9 '],
        serviceAllocation: {
          priority: 50,
          namespaces: ['shop'],
          namespaceSelectors: [selector],
          serviceSelectors: [selector],
        },
      },
    },
  },
  {
    kind: 'L2Advertisement',
    body: {
      spec: {
        ipAddressPools: ['a'],
        nodeSelectors: [selector],
        preferredNodeSelectors: [{ weight: 100, preference: selector }],
        interfaces: ['eth0'],
      },
    },
  },
  { kind: 'L2Advertisement', body: {} },
  {
    kind: 'BGPAdvertisement',
    body: { spec: { aggregationLength: 24, communities: ['64500:1'], peers: ['tor'] } },
  },
  { kind: 'BGPPeer', body: { spec: { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.1' } } },
  {
    kind: 'BGPPeer',
    version: 'v1beta2',
    body: { spec: { myASN: 64500, dynamicASN: 'external', interface: 'eth0', holdTime: '90s' } },
  },
  { kind: 'BFDProfile', body: { spec: { receiveInterval: 300, detectMultiplier: 3 } } },
  {
    kind: 'Community',
    body: { spec: { communities: [{ name: 'no-export', value: '65535:65281' }] } },
  },
  { kind: 'ServiceL2Status', body: { spec: {} } },
  { kind: 'ServiceBGPStatus', body: { spec: {} } },
  { kind: 'ConfigurationState', body: {} },
  { kind: 'NodelbNodeStatus', version: 'v1alpha1', body: {} },
]

const bad: readonly (Sample & { readonly field: string })[] = [
  { kind: 'IPAddressPool', body: {}, field: 'spec' },
  { kind: 'IPAddressPool', body: { spec: {} }, field: 'spec.addresses' },
  { kind: 'IPAddressPool', body: { spec: { addresses: [] } }, field: 'spec.addresses' },
  { kind: 'IPAddressPool', body: { spec: { addresses: ['192.0.2.1'] } }, field: 'spec.addresses' },
  {
    kind: 'IPAddressPool',
    body: { spec: { addresses: ['a-b'], autoAssign: 1 } },
    field: 'autoAssign',
  },
  {
    kind: 'L2Advertisement',
    body: { spec: { preferredNodeSelectors: [{ weight: 0, preference: {} }] } },
    field: 'weight',
  },
  {
    kind: 'L2Advertisement',
    body: { spec: { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }] } },
    field: 'operator',
  },
  { kind: 'BGPAdvertisement', body: { spec: { aggregationLength: 33 } }, field: 'aggregation' },
  { kind: 'BGPPeer', body: { spec: { myASN: 64500, peerASN: 64501 } }, field: 'peerAddress' },
  { kind: 'BGPPeer', version: 'v1beta2', body: { spec: {} }, field: 'myASN' },
  { kind: 'BGPPeer', version: 'v1beta2', body: { spec: { myASN: 2 ** 32 } }, field: 'myASN' },
  { kind: 'BFDProfile', body: { spec: { receiveInterval: 9 } }, field: 'receiveInterval' },
  { kind: 'Community', body: { spec: { communities: ['x'] } }, field: 'communities' },
  { kind: 'ServiceL2Status', body: { spec: 'x' }, field: 'spec' },
  { kind: 'ServiceBGPStatus', body: { spec: 'x' }, field: 'spec' },
]

describe('the API server', () => {
  test.each(crds.map(({ metadata }) => metadata.name))('establishes %s', async (name) => {
    await expect
      .poll(() => conditionsOf(name), { timeout: 30_000 })
      .toEqual(['Established', 'NamesAccepted'])
  })

  test.each(good.map((each, i) => [each.kind, each.version ?? 'v1beta1', i, each] as const))(
    'takes a %s %s (%i)',
    async (_kind, _version, i, sample) => {
      const { status, body } = await create(sample, `good-${i}`)
      expect(status, JSON.stringify(body)).toBe(201)
    },
  )

  test.each(bad.map((each, i) => [each.kind, each.field, i, each] as const))(
    'refuses a %s for its %s (%i)',
    async (_kind, field, i, sample) => {
      const { status, body } = await create(sample, `bad-${i}`)
      expect(status).toBe(422)
      expect(body.message).toContain(field)
    },
  )

  test('fills in defaults, and drops fields that no version has', async () => {
    const spec = { addresses: ['192.0.2.0/24'], avoidBuggyIps: true }
    const pool = await create({ kind: 'IPAddressPool', body: { spec } }, 'defaults')
    const defaults = { autoAssign: true, avoidBuggyIPs: false }
    expect(pool.body.spec).toEqual({ addresses: ['192.0.2.0/24'], ...defaults })
    const peer = { myASN: 1, peerASN: 2, peerAddress: '192.0.2.1' }
    const sample = { kind: 'BGPPeer', version: 'v1beta2', body: { spec: peer } }
    const { body } = await create(sample, 'defaults')
    expect(body.spec).toMatchObject({ peerPort: 179, disableMP: false })
  })

  test('keeps the status of a pool and the conditions of a configuration', async () => {
    const pools = pathOf('IPAddressPool', 'v1beta1')
    const body = { spec: { addresses: ['192.0.2.0/24'] } }
    await create({ kind: 'IPAddressPool', body }, 'counted')
    const counts = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 255 }
    const partly = await server.admin.ask('PATCH', `${pools}/counted/status`, { status: counts })
    expect(partly.status).toBe(422)
    const status = { ...counts, availableIPv6: 0 }
    const whole = await server.admin.call('PATCH', `${pools}/counted/status`, { status })
    expect(whole.status).toEqual(status)
    await create({ kind: 'ConfigurationState', body: {} }, 'controller')
    const time = '2026-01-31T12:00:00Z'
    const condition = { type: 'poolReconcilerValid', status: 'True', reason: 'Reconciled' }
    const states = pathOf('ConfigurationState', 'v1beta1')
    const state = await server.admin.call('PATCH', `${states}/controller/status`, {
      status: {
        result: 'Valid',
        conditions: [{ ...condition, message: 'all is read', lastTransitionTime: time }],
      },
    })
    expect(state.status).toMatchObject({ result: 'Valid', conditions: [condition] })
  })

  test('gives a peer that was written as v1beta1 as v1beta2', async () => {
    const spec = { myASN: 1, peerASN: 2, peerAddress: '192.0.2.1', password: 'x' }
    await create({ kind: 'BGPPeer', body: { spec } }, 'older')
    const { spec: read } = await server.admin.call('GET', `${pathOf('BGPPeer', 'v1beta2')}/older`)
    expect(read).toMatchObject({ ...spec, peerPort: 179 })
  })
})
