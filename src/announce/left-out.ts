import type { ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Departure } from './objects.ts'

/** Why a Node may not announce an address. */
export type LeftOutReason =
  /** It is tried what happens without the Node. */
  | { readonly kind: 'away' }
  | { readonly kind: 'network-unavailable' }
  /** It has the label exclude-from-external-load-balancers. */
  | { readonly kind: 'excluded' }
  | { readonly kind: 'departing'; readonly departure: Departure }
  /** The agent does not run on it. */
  | { readonly kind: 'no-agent' }
  /** No nodeSelectors of these advertisements select it. */
  | { readonly kind: 'not-selected'; readonly advertisements: readonly string[] }
  /** The interfaces in these advertisements cannot be read. */
  | { readonly kind: 'no-interface'; readonly advertisements: readonly string[] }
  /** externalTrafficPolicy is Local, and no endpoint of the Service on it can serve. */
  | { readonly kind: 'no-endpoint'; readonly service: ServiceName }

/** A Node that may not announce an address. */
export interface LeftOut {
  readonly node: string
  readonly reason: LeftOutReason
}

/** Returns a sentence that says why a Node may not announce an address. */
export function printLeftOut(reason: LeftOutReason): string {
  return `The Node ${leftOutClause(reason, false)}`
}

/** Returns the same without its subject, in the plural if several Nodes are meant. */
export function leftOutClause(reason: LeftOutReason, several: boolean): string {
  const [are, have] = several ? ['are', 'have'] : ['is', 'has']
  switch (reason.kind) {
    case 'away':
      return `${are} left out by --without`
    case 'network-unavailable':
      return `${have} the condition NetworkUnavailable`
    case 'excluded':
      return `${have} the label node.kubernetes.io/exclude-from-external-load-balancers`
    case 'departing':
      return departureClause(reason.departure, are, have)
    case 'no-agent':
      return `${have} no agent of nodelb`
    case 'not-selected':
      return `${are} not selected by the nodeSelectors of ${listed(reason.advertisements)}`
    case 'no-interface':
      return `${have} no interface: none in ${listed(reason.advertisements)} can be read`
    case 'no-endpoint':
      return `${have} no ready endpoint of ${reason.service}, which externalTrafficPolicy Local asks for`
    default:
      return unreachable(reason)
  }
}

function departureClause(departure: Departure, are: string, have: string): string {
  switch (departure) {
    case 'deleted':
      return `${are} being deleted`
    case 'autoscaler':
      return `${have} the taint ToBeDeletedByClusterAutoscaler`
    case 'shutdown':
      return are === 'is' ? 'shuts down' : 'shut down'
    default:
      return unreachable(departure)
  }
}

function listed(advertisements: readonly string[]): string {
  return `L2Advertisement ${advertisements.join(', ')}`
}
