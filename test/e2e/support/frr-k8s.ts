import { eventually } from '../../support/eventually.ts'
import type { Api } from './api.ts'

/** Where FRRConfigurations of the agents are. */
export const FRR_CONFIGURATIONS =
  '/apis/frrk8s.metallb.io/v1beta1/namespaces/kube-system/frrconfigurations'

type Schema = object

const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const cidr: Schema = { type: 'string', format: 'cidr' }
const none: Schema = {}

function whole(minimum: number, maximum: number): Schema {
  return { type: 'integer', format: 'int64', minimum, maximum }
}

function object(
  properties: Readonly<Record<string, Schema>>,
  required?: readonly string[],
): Schema {
  return { type: 'object', properties, ...(required && { required }) }
}

function list(items: Schema, more: Schema = none): Schema {
  return { type: 'array', items, ...more }
}

const asn = whole(0, 4_294_967_295)
const interval = whole(10, 60_000)
const some = list(cidr, { minItems: 1 })

const neighbour = object({
  asn,
  dynamicASN: { type: 'string', enum: ['internal', 'external'] },
  sourceaddress: text,
  address: text,
  interface: text,
  port: whole(0, 16_384),
  password: text,
  passwordSecret: object({ name: text, namespace: text }),
  holdTime: text,
  keepaliveTime: text,
  connectTime: text,
  ebgpMultiHop: flag,
  bfdProfile: text,
  enableGracefulRestart: flag,
  disableMP: { type: 'boolean', default: false },
  dualStackAddressFamily: { type: 'boolean', default: false },
  toAdvertise: object({
    allowed: object({ prefixes: list(text), mode: { type: 'string', default: 'filtered' } }),
    withLocalPref: list(object({ localPref: whole(0, 4_294_967_295), prefixes: some })),
    withCommunity: list(object({ community: text, prefixes: some })),
  }),
})

const profile = object(
  {
    name: text,
    receiveInterval: interval,
    transmitInterval: interval,
    echoInterval: interval,
    detectMultiplier: whole(2, 255),
    minimumTtl: whole(1, 254),
    echoMode: flag,
    passiveMode: flag,
  },
  ['name'],
)

const router = object(
  { asn, id: text, vrf: text, neighbors: list(neighbour), prefixes: list(text) },
  ['asn'],
)

const spec = object({
  bgp: object({ routers: list(router), bfdProfiles: list(profile) }),
  nodeSelector: object({ matchLabels: { type: 'object', additionalProperties: text } }),
})

/** The fields that nodelb may write, with the rules that frr-k8s has for them. */
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'frrconfigurations.frrk8s.metallb.io',
    annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' },
  },
  spec: {
    group: 'frrk8s.metallb.io',
    scope: 'Namespaced',
    names: {
      ...{ kind: 'FRRConfiguration', listKind: 'FRRConfigurationList' },
      ...{ plural: 'frrconfigurations', singular: 'frrconfiguration' },
    },
    versions: [
      {
        ...{ name: 'v1beta1', served: true, storage: true },
        schema: { openAPIV3Schema: object({ spec }) },
      },
    ],
  },
}

/** Installs the kind that frr-k8s reads. */
export async function installFrrK8s(admin: Api): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await admin.call('POST', path, definition)
  await eventually(async () => (await admin.ask('GET', FRR_CONFIGURATIONS)).status === 200)
}
