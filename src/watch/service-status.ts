import { valueAt } from '../decode/fields.ts'
import { type Address, parseAddress } from '../model/address.ts'

/** The type of our condition in a Service's status.conditions. */
export const ADDRESS_ASSIGNED = 'nodelb.io/AddressAssigned'

/** What the API server has of a Service, as far as the controller writes it. */
export interface ServiceStatus {
  /** metadata.resourceVersion: a change in between makes the write fail with 409. */
  readonly version: string
  readonly uid: string | undefined
  readonly generation: number | undefined
  readonly annotations: ReadonlyMap<string, string>
  readonly finalizers: readonly string[]
  /** The addresses of status.loadBalancer.ingress. */
  readonly ingress: readonly Address[]
  /** True if the ingress has entries without an address, such as host names. */
  readonly otherIngress: boolean
  readonly conditions: readonly Condition[]
  /** The managers of status.loadBalancer in metadata.managedFields, for the blame in a fight. */
  readonly managers: readonly string[]
}

/** A metav1.Condition; what others wrote is passed on as it is. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/** Reads the status of a Service object; what is of another shape than expected is left out. */
export function readServiceStatus(object: unknown): ServiceStatus {
  const ingress = listAt(object, ['status', 'loadBalancer', 'ingress'])
  const addresses = ingress.map((entry) => parseAddress(textAt(entry, ['ip']) ?? '')?.value)
  const known = addresses.filter((address) => address !== undefined)
  const generation = valueAt(object, ['metadata', 'generation'])
  return {
    version: textAt(object, ['metadata', 'resourceVersion']) ?? '',
    uid: textAt(object, ['metadata', 'uid']),
    generation: typeof generation === 'number' ? generation : undefined,
    annotations: annotationsOf(object),
    finalizers: listAt(object, ['metadata', 'finalizers']).filter((each) => isText(each)),
    ingress: [...new Set(known)],
    otherIngress: known.length < ingress.length,
    conditions: listAt(object, ['status', 'conditions']).filter(isCondition),
    managers: managersOf(object),
  }
}

function annotationsOf(object: unknown): ReadonlyMap<string, string> {
  const found = valueAt(object, ['metadata', 'annotations'])
  if (typeof found !== 'object' || found === null) return new Map()
  return new Map(
    Object.entries(found).filter((entry): entry is [string, string] => isText(entry[1])),
  )
}

function managersOf(object: unknown): readonly string[] {
  return listAt(object, ['metadata', 'managedFields'])
    .filter((entry) => valueAt(entry, ['fieldsV1', 'f:status', 'f:loadBalancer']) !== undefined)
    .flatMap((entry) => textAt(entry, ['manager']) ?? [])
}

function isCondition(value: unknown): value is Condition {
  return ['type', 'status'].every((field) => isText(valueAt(value, [field])))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function textAt(object: unknown, path: readonly string[]): string | undefined {
  const found = valueAt(object, path)
  return isText(found) ? found : undefined
}

function listAt(object: unknown, path: readonly string[]): readonly unknown[] {
  const found = valueAt(object, path)
  return Array.isArray(found) ? found : []
}

/**
 * Returns whether a resourceVersion is older. They are numbers that grow (KEP-5504); of any others
 * none is older.
 */
export function isOlder(a: string, b: string): boolean {
  return /^\d+$/.test(a) && /^\d+$/.test(b) && (a.length === b.length ? a < b : a.length < b.length)
}
