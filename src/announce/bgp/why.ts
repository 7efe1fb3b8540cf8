import type { Address, Cidr, IpFamily } from '../../model/address.ts'
import type { ServiceName } from '../../model/service-name.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { RouteAttributes } from './decision.ts'
import { type BgpSilenceReason, listed, printBgpSilence } from './silence.ts'

/** What becomes of an address of a Service on one node, towards one peer or as a whole. */
export type BgpWhy =
  | {
      readonly kind: 'announced'
      readonly service: ServiceName
      readonly address: Address
      readonly peer: string
      /** Each prefix once; advertisements with different lengths give several. */
      readonly routes: readonly AnnouncedRoute[]
    }
  /** The peer does not get the address, while it may go to others. */
  | {
      readonly kind: 'withheld'
      readonly service: ServiceName
      readonly address: Address
      readonly peer: string
      readonly reason: WithheldReason
    }
  /** No peer of the node gets anything of the Service. */
  | {
      readonly kind: 'silent'
      readonly service: ServiceName
      readonly addresses: readonly Address[]
      readonly reason: BgpSilenceReason
    }

/** A route by which an address is announced. */
interface AnnouncedRoute {
  readonly prefix: Cidr
  /** What the peer is sent, also for other Services on the prefix. */
  readonly attributes: RouteAttributes
  /** The names of the BGPAdvertisements that ask for it, for this Service. */
  readonly advertisements: readonly string[]
}

/** Why one peer does not get an address that is announced. */
export type WithheldReason =
  /** The lists `peers` of these advertisements do not have it. */
  | { readonly kind: 'peer-not-named'; readonly advertisements: readonly string[] }
  /** The session carries another family than this one of the address. */
  | { readonly kind: 'other-family'; readonly family: IpFamily }
  /** The session has BFD with echo packets, which there are for IPv4 alone. */
  | { readonly kind: 'echo-mode'; readonly profile: string }

/** Returns a sentence that says what is announced, or why nothing is and what can be done about it. */
export function printBgpWhy(why: BgpWhy): string {
  switch (why.kind) {
    case 'announced':
      return why.routes.map(printRoute).join('; ')
    case 'withheld':
      return printWithheld(why.reason)
    case 'silent':
      return printBgpSilence(why.reason)
    default:
      return unreachable(why)
  }
}

function printRoute({ prefix, attributes, advertisements }: AnnouncedRoute): string {
  const { communities, largeCommunities, localPref, weight } = attributes
  const parts = [
    ...(localPref === undefined ? [] : [`localPref ${localPref}`]),
    ...(communities.length === 0 ? [] : [`communities ${communities.join(' ')}`]),
    ...(largeCommunities.length === 0 ? [] : [`large communities ${largeCommunities.join(' ')}`]),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
  ]
  const carried = parts.length === 0 ? '' : ` with ${parts.join(', ')}`
  return `as ${prefix}${carried}, by ${listed(advertisements)}`
}

function printWithheld(reason: WithheldReason): string {
  switch (reason.kind) {
    case 'peer-not-named':
      return `The list peers of ${listed(reason.advertisements)} does not have the BGPPeer`
    case 'other-family':
      return reason.family === 'ipv4'
        ? 'The session is over IPv6 and carries no IPv4 prefixes; dualStackAddressFamily of the BGPPeer changes that'
        : 'The session is over IPv4 and carries no IPv6 prefixes; dualStackAddressFamily of the BGPPeer changes that'
    case 'echo-mode':
      return `The session has BFDProfile ${reason.profile} with echoMode, which cannot be where IPv6 prefixes are announced`
    default:
      return unreachable(reason)
  }
}
