import type { FoundStatus } from '../../announce/service-status.ts'
import { valueAt } from '../fields.ts'

/** The labels by which MetalLB finds its statuses. */
export const STATUS_LABELS = {
  node: 'metallb.io/node',
  service: 'metallb.io/service-name',
  namespace: 'metallb.io/service-namespace',
} as const

/** What is particular to one of MetalLB's statuses of Services. */
export interface StatusKind {
  readonly kind: 'ServiceL2Status' | 'ServiceBGPStatus'
  /** Its resource in metallb.io/v1beta1. */
  readonly plural: string
  /** What the API server makes names of. */
  readonly generateName: string
  /** The field of the status that lists where a Service is announced. */
  readonly field: 'interfaces' | 'peers'
  /** Returns how the field lists a name. */
  readonly entry: (name: string) => unknown
  /** Returns the name that an entry of the field has. */
  readonly nameIn: (entry: unknown) => string | undefined
  /** Whether each node that announces a Service has one; else one node has the only one. */
  readonly isOfEachNode: boolean
}

/** Which node answers for a Service on layer 2; interfaces are listed if advertisements restrict them. */
const LAYER2: StatusKind = {
  kind: 'ServiceL2Status',
  plural: 'servicel2statuses',
  generateName: 'l2-',
  field: 'interfaces',
  entry: (name) => ({ name }),
  nameIn: (entry) => textAt(entry, ['name']),
  isOfEachNode: false,
}

/** To which BGPPeers a node is configured to announce a Service, whether or not they are there. */
const BGP: StatusKind = {
  kind: 'ServiceBGPStatus',
  plural: 'servicebgpstatuses',
  generateName: 'bgp-',
  field: 'peers',
  entry: (name) => name,
  nameIn: (entry) => (typeof entry === 'string' ? entry : undefined),
  isOfEachNode: true,
}

/** The kinds by the way of announcing that they tell of. */
export const STATUS_KINDS: Readonly<Record<'layer2' | 'bgp', StatusKind>> = {
  layer2: LAYER2,
  bgp: BGP,
}

/** Reads a status; undefined if it has no name. Whatever else is missing is left out. */
export function readStatus(
  object: unknown,
  { field, nameIn }: Pick<StatusKind, 'field' | 'nameIn'>,
): FoundStatus | undefined {
  const name = textAt(object, ['metadata', 'name'])
  if (name === undefined) return undefined
  const label = (key: string): string | undefined => textAt(object, ['metadata', 'labels', key])
  const told = {
    node: textAt(object, ['status', 'node']),
    service: textAt(object, ['status', 'serviceName']),
    namespace: textAt(object, ['status', 'serviceNamespace']),
  }
  const namespace = told.namespace ?? label(STATUS_LABELS.namespace)
  const service = told.service ?? label(STATUS_LABELS.service)
  const listed = valueAt(object, ['status', field])
  return {
    name,
    node: told.node ?? label(STATUS_LABELS.node),
    service: namespace && service ? `${namespace}/${service}` : undefined,
    places: (Array.isArray(listed) ? listed : []).flatMap((each) => nameIn(each) ?? []),
    owner: ownerOf(object),
    isWhole: told.node !== undefined && told.service !== undefined && told.namespace !== undefined,
  }
}

function ownerOf(object: unknown): string | undefined {
  const owners = valueAt(object, ['metadata', 'ownerReferences'])
  const pods = (Array.isArray(owners) ? owners : []).filter(
    (each) => textAt(each, ['kind']) === 'Pod',
  )
  return textAt(pods[0], ['uid'])
}

function textAt(object: unknown, path: readonly string[]): string | undefined {
  const value = valueAt(object, path)
  return typeof value === 'string' ? value : undefined
}
