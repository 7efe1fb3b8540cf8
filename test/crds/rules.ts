import { definitions, type Manifest } from '../support/crds.ts'

/** A rule of a CustomResourceDefinition, which an API server evaluates (x-kubernetes-validations). */
export interface Rule {
  readonly kind: string
  readonly message: string
}

/** Returns all rules of deploy/crds. */
export function rules(): readonly Rule[] {
  return definitions().flatMap(({ spec: { names, versions } }) =>
    versions.flatMap(({ schema }: Manifest) =>
      messagesIn(schema.openAPIV3Schema).map((message) => ({ kind: names.kind, message })),
    ),
  )
}

function messagesIn(schema: Manifest): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = schema['x-kubernetes-validations'] ?? []
  return [
    ...own.map(({ message }: { readonly message: string }) => message),
    ...Object.values(schema).flatMap(messagesIn),
  ]
}

/** What an object has beside its name. */
export interface Content {
  readonly spec?: object
  readonly status?: object
}

/** What a rule lets through, and what it refuses. */
export interface RuleCase {
  readonly kind: string
  readonly message: string
  readonly good: readonly Content[]
  readonly bad: readonly Content[]
  /** For a rule about changes: as the object was before. */
  readonly before?: Content
}

const plain = { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.1' }

/** A peer that is well but for what is given; undefined takes a field away. */
function peer(spec: object): Content {
  return { spec: { ...plain, ...spec } }
}

function peerRule(message: string, good: readonly object[], bad: readonly object[]): RuleCase {
  return { kind: 'BGPPeer', message, good: good.map(peer), bad: bad.map(peer) }
}

const secret = { passwordSecret: { name: 'tor' } }

const peers: readonly RuleCase[] = [
  peerRule('myASN must not be 0', [{ myASN: 1 }], [{ myASN: 0 }]),
  peerRule(
    'either peerASN or dynamicASN has to be set, and not both',
    [{}, { peerASN: 0, dynamicASN: 'external' }, { peerASN: undefined, dynamicASN: 'internal' }],
    [{ dynamicASN: 'external' }, { peerASN: undefined }, { peerASN: 0 }],
  ),
  peerRule(
    'either peerAddress or interface has to be set, and not both',
    [{}, { peerAddress: '', interface: 'eth0' }, { peerAddress: undefined, interface: 'eth0' }],
    [{ interface: 'eth0' }, { peerAddress: undefined }, { peerAddress: '', interface: '' }],
  ),
  peerRule(
    'password and passwordSecret cannot both be set',
    [{ password: 'x' }, secret, { password: '', ...secret }, { password: 'x', passwordSecret: {} }],
    [{ password: 'x', ...secret }],
  ),
  peerRule(
    'ebgpMultiHop is for routers of another autonomous system',
    [
      { ebgpMultiHop: true },
      { ebgpMultiHop: false, peerASN: 64500 },
      { ebgpMultiHop: true, peerASN: undefined, dynamicASN: 'external' },
    ],
    [{ ebgpMultiHop: true, peerASN: 64500 }],
  ),
  peerRule(
    'keepaliveTime cannot be longer than holdTime',
    [
      { holdTime: '90s', keepaliveTime: '30s' },
      { holdTime: '1m', keepaliveTime: '60s' },
      { holdTime: '90s' },
      { keepaliveTime: '30s' },
    ],
    [{ holdTime: '90s', keepaliveTime: '2m' }],
  ),
  peerRule(
    'holdTime has to be 0s or at least 3s (RFC 4271, 4.2)',
    [{ holdTime: '0s' }, { holdTime: '3s' }, { holdTime: '1h30m' }],
    [{ holdTime: '2s' }, { holdTime: '2999ms' }],
  ),
  peerRule(
    'connectTime has to be from 1s to 65535s',
    [{ connectTime: '1s' }, { connectTime: '65535s' }],
    [{ connectTime: '0s' }, { connectTime: '65536s' }],
  ),
  peerRule(
    'connectTime has to be in whole seconds',
    [{ connectTime: '2s' }, { connectTime: '1000ms' }, { connectTime: '1h' }],
    [{ connectTime: '1500ms' }, { connectTime: '1m0.5s' }],
  ),
  {
    ...peerRule(
      'enableGracefulRestart cannot be changed: make a new BGPPeer',
      [{ enableGracefulRestart: true }, { enableGracefulRestart: true, holdTime: '90s' }],
      [{ enableGracefulRestart: false }],
    ),
    before: peer({ enableGracefulRestart: true }),
  },
]

const selected = { serviceSelectors: [{ matchLabels: { app: 'web' } }] }

const advertisements: RuleCase = {
  kind: 'BGPAdvertisement',
  message:
    'serviceSelectors choose single addresses, so aggregationLength has to be 32 and aggregationLengthV6 128',
  good: [
    { spec: selected },
    { spec: { ...selected, aggregationLength: 32, aggregationLengthV6: 128 } },
    { spec: { serviceSelectors: [], aggregationLength: 24 } },
    { spec: { aggregationLength: 24, aggregationLengthV6: 64 } },
  ],
  bad: [
    { spec: { ...selected, aggregationLength: 24 } },
    { spec: { ...selected, aggregationLengthV6: 64 } },
  ],
}

/** The statuses that speakers write: of whom they are stays as it is. */
const statuses = ['ServiceL2Status', 'ServiceBGPStatus'].flatMap((kind) =>
  ['node', 'serviceName', 'serviceNamespace'].map((field): RuleCase => {
    const status = { node: 'node-a', serviceName: 'web', serviceNamespace: 'shop' }
    return {
      kind,
      message: `${field} cannot be changed`,
      before: { spec: {}, status },
      good: [{ spec: {}, status }],
      bad: [{ spec: {}, status: { ...status, [field]: 'other' } }],
    }
  }),
)

export const ruleCases: readonly RuleCase[] = [...peers, advertisements, ...statuses]
