import { allocatedAnnotation, renewedAnnotation } from '../decode/allocation/annotations.ts'
import type { Address } from '../model/address.ts'
import { sameMembers } from '../model/same-members.ts'
import { ADDRESS_ASSIGNED, type Condition, type ServiceStatus } from '../watch/service-status.ts'

/** Reasons that say how addresses were given. They stay as long as these are kept and all is well. */
const HOW_GIVEN: readonly string[] = [
  'AskedFor',
  'PoolNamed',
  'PoolChosen',
  'Joined',
  'FamilyAdded',
]
const KEPT = 'Kept'

/** The annotation that says from which pool an address comes; MetalLB has read and written it. */
const POOL_MARK = 'metallb.io/ip-allocated-from-pool'
const OLD_POOL_MARK = 'metallb.universe.tf/ip-allocated-from-pool'

/** What the status has to say. */
export interface WantedStatus {
  readonly addresses: readonly Address[]
  /** The pool of the addresses; undefined for addresses of Nodes, and where there is none. */
  readonly pool: string | undefined
  /** The value of `nodelb.io/renew` that has been done; undefined if the Service has none. */
  readonly renewed: string | undefined
  /** The finalizers that the Service has to have; undefined if they are left as they are. */
  readonly finalizers: readonly string[] | undefined
  /** The kind of the reason in CamelCase, and its sentence. */
  readonly reason: string
  readonly message: string
}

/**
 * Returns the JSON merge patch for the status of a Service; undefined if nothing has to be written.
 * A status with the right addresses stays as it is, in whatever order and with whatever `ports` and
 * `ipMode`, and gets no condition from us only for being right.
 */
export function statusPatch(
  status: ServiceStatus,
  wanted: WantedStatus,
  now: Date,
): object | undefined {
  // Without an address to give in its place, a host name that another program wrote stays.
  const spoilt = status.otherIngress && wanted.addresses.length > 0
  const right = !spoilt && sameMembers(status.ingress, wanted.addresses)
  const marks = annotationPatch(status.annotations, wanted, right)
  const condition = conditionFor(status, wanted, right, now)
  const { finalizers } = wanted
  const adopted = finalizers !== undefined && finalizers.length < status.finalizers.length
  if (right && marks === undefined && condition === undefined && !adopted) return undefined
  const conditions = condition && [
    ...status.conditions.filter(({ type }) => type !== ADDRESS_ASSIGNED),
    condition,
  ]
  return {
    metadata: {
      resourceVersion: status.version,
      ...(marks && { annotations: marks }),
      ...(adopted && { finalizers }),
    },
    status: {
      ...(!right && { loadBalancer: { ingress: wanted.addresses.map((ip) => ({ ip })) } }),
      ...(conditions && { conditions }),
    },
  }
}

/** Returns the annotations to change; null removes one. Undefined if all are right. */
function annotationPatch(
  annotations: ReadonlyMap<string, string>,
  { addresses, pool, renewed }: WantedStatus,
  right: boolean,
): Record<string, string | null> | undefined {
  const patch: Record<string, string | null> = {}
  if (pool === undefined) {
    for (const mark of [POOL_MARK, OLD_POOL_MARK]) if (annotations.has(mark)) patch[mark] = null
  } else if ((annotations.get(POOL_MARK) ?? annotations.get(OLD_POOL_MARK)) !== pool) {
    patch[POOL_MARK] = pool
  }
  const given = annotations.get(allocatedAnnotation)
  const gives = addresses.length === 0 ? undefined : addresses.join(',')
  // A right status that MetalLB left stays as it is, without a list of ours.
  if (given !== gives && !(right && given === undefined)) patch[allocatedAnnotation] = gives ?? null
  if (renewed !== undefined && annotations.get(renewedAnnotation) !== renewed) {
    patch[renewedAnnotation] = renewed
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** Returns our condition if it has to be written. */
function conditionFor(
  { conditions, generation }: ServiceStatus,
  { addresses, reason, message }: WantedStatus,
  right: boolean,
  now: Date,
): Condition | undefined {
  const before = conditions.find(({ type }) => type === ADDRESS_ASSIGNED)
  const status = addresses.length > 0 ? 'True' : 'False'
  if (before === undefined && right && status === 'True') return undefined
  const says =
    before?.reason === reason || (reason === KEPT && HOW_GIVEN.includes(before?.reason ?? ''))
  if (before?.status === status && says && right) return undefined
  const lastTransitionTime =
    before?.status === status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`
  return {
    type: ADDRESS_ASSIGNED,
    status,
    reason,
    message,
    lastTransitionTime,
    ...(generation !== undefined && { observedGeneration: generation }),
  }
}
