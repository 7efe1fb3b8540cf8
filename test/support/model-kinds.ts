import { resources } from '../../src/watch/resources.ts'

/** A kind of objects, as a model of an API server knows it. */
export interface ModelKind {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** Whether `/status` is written by itself, and is not written with the rest. */
  readonly hasStatus: boolean
  /** A custom resource: only its status is taken at `/status`, and it may be missing. */
  readonly isCustom: boolean
  /** The fields that can be selected, besides metadata.name and metadata.namespace. */
  readonly selectable: readonly string[]
}

type Row = readonly [apiVersion: string, kind: string, plural: string, namespaced?: boolean]

const OTHERS: readonly Row[] = [
  ['v1', 'Pod', 'pods'],
  ['v1', 'Secret', 'secrets'],
  ['v1', 'Event', 'events'],
  ['events.k8s.io/v1', 'Event', 'events'],
  ['coordination.k8s.io/v1', 'Lease', 'leases'],
  ['metallb.io/v1beta1', 'ConfigurationState', 'configurationstates'],
  ['metallb.io/v1beta1', 'ServiceL2Status', 'servicel2statuses'],
  ['metallb.io/v1beta1', 'ServiceBGPStatus', 'servicebgpstatuses'],
]

const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  services: ['spec.clusterIP', 'spec.type'],
  pods: ['spec.nodeName', 'status.podIP'],
  events: ['type', 'reason'],
}

const WITHOUT_STATUS: readonly string[] = [
  ...['configmaps', 'secrets', 'events', 'leases', 'endpointslices'],
]

/** All kinds that nodelb reads or writes, by `apiVersion/plural`. */
export const modelKinds: ReadonlyMap<string, ModelKind> = new Map(
  [
    ...Object.values(resources).map(({ apiVersion, kind, plural, namespaced }): Row => {
      return [apiVersion, kind, plural, namespaced]
    }),
    ...OTHERS,
  ].map(([apiVersion, kind, plural, namespaced = true]) => [
    `${apiVersion}/${plural}`,
    {
      ...{ apiVersion, kind, plural, namespaced },
      hasStatus: !WITHOUT_STATUS.includes(plural),
      isCustom: /(metallb|nodelb)\.io\//.test(apiVersion),
      selectable: SELECTABLE[plural] ?? [],
    },
  ]),
)
