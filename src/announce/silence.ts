import type { Address } from '../model/address.ts'
import type { ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import { type LeftOutReason, leftOutClause } from './left-out.ts'

/** Why no Node announces the addresses of a Service. */
export type SilenceReason =
  /** It has no address yet. */
  | { readonly kind: 'no-address' }
  /** It names a class that is not ours. */
  | { readonly kind: 'other-class'; readonly class: string }
  /** No endpoint of it can serve. */
  | { readonly kind: 'no-endpoint' }
  | { readonly kind: 'no-pool'; readonly address: Address }
  /** Its addresses lie in more than one pool. */
  | { readonly kind: 'pools-differ'; readonly pools: readonly string[] }
  | { readonly kind: 'no-advertisement'; readonly pool: string }
  /** The advertisements of the pool select other Services. */
  | {
      readonly kind: 'service-not-selected'
      readonly pool: string
      readonly advertisements: readonly string[]
    }
  /** It may share an address, and the advertisement has serviceSelectors. */
  | { readonly kind: 'sharing-selected'; readonly advertisement: string }
  /** Each Node is left out, for one of these reasons. */
  | {
      readonly kind: 'no-node'
      readonly address: Address
      readonly why: readonly { readonly reason: LeftOutReason; readonly nodes: readonly string[] }[]
    }

/** A Service with addresses that no Node announces. */
export interface Silence {
  readonly service: ServiceName
  readonly addresses: readonly Address[]
  readonly reason: SilenceReason
}

/** Returns a sentence that says why nobody announces an address, and what can be done about it. */
export function printSilence(reason: SilenceReason): string {
  switch (reason.kind) {
    case 'no-address':
      return 'The Service has no address; `nodelb allocate` says why'
    case 'other-class':
      return `The class ${reason.class} of the Service is not among loadBalancerClasses`
    case 'no-endpoint':
      return 'No endpoint of the Service is ready; it is announced as soon as one is'
    case 'no-pool':
      return `No IPAddressPool has ${reason.address}; add the address to a pool`
    case 'pools-differ':
      return `The addresses of the Service lie in the IPAddressPools ${reason.pools.join(' and ')}; they have to be of one pool`
    case 'no-advertisement':
      return `No L2Advertisement is for IPAddressPool ${reason.pool}; create one that names it`
    case 'service-not-selected':
      return `The serviceSelectors of ${advertisements(reason.advertisements)} for IPAddressPool ${reason.pool} do not select the Service`
    case 'sharing-selected':
      return `The Service has the annotation allow-shared-ip, and L2Advertisement ${reason.advertisement} has serviceSelectors; only one of them can be`
    case 'no-node':
      return noNode(reason.why)
    default:
      return unreachable(reason)
  }
}

function advertisements(names: readonly string[]): string {
  return names.length === 1 ? `L2Advertisement ${names[0]}` : `L2Advertisements ${names.join(', ')}`
}

/** As many Nodes are named for each reason; an Event with all of a large cluster would be too long. */
const MOST_NODES = 3

function noNode(why: Extract<SilenceReason, { kind: 'no-node' }>['why']): string {
  if (why.length === 0) return 'There is no Node'
  const clauses = why.map(({ reason, nodes }) => {
    const more = nodes.length > MOST_NODES ? ` and ${nodes.length - MOST_NODES} more` : ''
    const verb = leftOutClause(reason, nodes.length > 1)
    return `${nodes.slice(0, MOST_NODES).join(', ')}${more} ${verb}`
  })
  return `No Node may announce the address: ${clauses.join('; ')}`
}
