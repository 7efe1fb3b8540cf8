import type { ServiceName } from '../model/service-name.ts'
import type { Tuple } from '../model/tuple.ts'
import { unreachable } from '../model/unreachable.ts'
import type { AllocatedKind, Forbidden } from './claims.ts'

/** At most this many denials of one Service are reported one by one; the rest are counted. */
export const MOST_TOLD = 3

export type WhyDenied =
  | Forbidden
  /** The winner asks for the same and goes before. */
  | { readonly kind: 'contested'; readonly winner: ServiceName }
  /** The API server gave the whole address, or this port of the node, to the winner. */
  | { readonly kind: AllocatedKind; readonly winner: ServiceName }

/** A claim that a Service does not get, with the reason. */
export interface Denial {
  readonly service: ServiceName
  readonly key: Tuple
  readonly why: WhyDenied
}

/** Returns the Service that has it instead; undefined if no Service can have it in this way. */
export function winnerOf({ why }: Denial): ServiceName | undefined {
  return 'winner' in why ? why.winner : undefined
}

/** Returns a sentence about the address: why it is denied, and what can be done about it. */
export function reasonOf({ why }: Denial): string {
  switch (why.kind) {
    case 'contested':
      return `belongs to Service ${why.winner}, which goes before: a ClusterIP before a NodePort, this before a load-balancer address, this before externalIPs, then the older Service, then the smaller name; it is served here when that one goes`
    case 'cluster-ip':
      return `is the ClusterIP of Service ${why.winner}: take it out of externalIPs, or give the Service another load-balancer address`
    case 'node-port':
      return `is a NodePort of Service ${why.winner}, to which the API server gave it: choose another port`
    case 'health-check':
      return `is the healthCheckNodePort of Service ${why.winner}, to which the API server gave it: choose another port`
    case 'service-range':
      return `is inside serviceCIDRs (${why.range}), where only the API server gives out addresses: use an address outside of it`
    case 'range-not-allowed':
      return 'is in none of the ranges of externalIPs.allow: use an address in one of them, or let the administrator add its range'
    case 'node-address':
      return "is this node's own address, and the configuration says externalIPs.nodeAddresses: false"
    case 'protected-port':
      return 'is a port of the node itself (protectedPorts): choose another port or address'
    case 'other-node':
      return 'is the address of another Node; ipvs would have to take it for this one'
    default:
      return unreachable(why)
  }
}
