import type { Cidr } from '../../model/address.ts'
import { unreachable } from '../../model/unreachable.ts'
import { printLeftOut } from '../left-out.ts'
import { printSilence, type SilenceReason } from '../silence.ts'

/** Why a node announces nothing of a Service by BGP. */
export type BgpSilenceReason =
  /** What keeps it from being announced on layer 2 as well. */
  | Extract<
      SilenceReason,
      {
        readonly kind: 'no-address' | 'other-class' | 'no-endpoint' | 'no-pool' | 'pools-differ'
      }
    >
  | { readonly kind: 'no-advertisement'; readonly pool: string }
  /** The advertisements of the pool have mistakes, which their problems name. */
  | Of<'advertisement-unusable'>
  /** The serviceSelectors of the pool's advertisements select other Services. */
  | Of<'service-not-selected'>
  /** The nodeSelectors of the Service's advertisements select other Nodes. */
  | Of<'node-not-selected'>
  | { readonly kind: 'network-unavailable' }
  /** The Node has the label exclude-from-external-load-balancers. */
  | { readonly kind: 'excluded' }
  | { readonly kind: 'cordoned' }
  /** externalTrafficPolicy is Local, and the Node has no endpoint that can serve. */
  | { readonly kind: 'no-local-endpoint' }
  /** externalTrafficPolicy is Local, those of the Node end, and other Nodes have ready ones. */
  | { readonly kind: 'local-endpoints-end' }
  /** No session runs on the node; these BGPPeers select it, and have mistakes or wait. */
  | { readonly kind: 'no-peer'; readonly stopped: readonly string[] }
  /** Two advertisements give one prefix different values of localPref for one peer. */
  | {
      readonly kind: 'conflicting-local-pref'
      readonly prefix: Cidr
      readonly peer: string
      readonly sides: readonly [LocalPrefSide, LocalPrefSide]
    }
  /** With the communities of this Service a route would have too many. */
  | {
      readonly kind: 'too-many-communities'
      readonly prefix: Cidr
      readonly peer: string
      readonly count: number
    }

type Of<Kind> = {
  readonly kind: Kind
  readonly pool: string
  readonly advertisements: readonly string[]
}

/** An advertisement with its localPref; undefined if it has none. */
interface LocalPrefSide {
  readonly advertisement: string
  readonly localPref: number | undefined
}

/** MetalLB sends no more on one route. */
export const MOST_COMMUNITIES = 63

/** Returns a sentence that says why nothing is announced, and what can be done about it. */
export function printBgpSilence(reason: BgpSilenceReason): string {
  switch (reason.kind) {
    case 'no-address':
    case 'other-class':
    case 'no-endpoint':
    case 'no-pool':
    case 'pools-differ':
      return printSilence(reason)
    case 'no-advertisement':
      return `No BGPAdvertisement is for IPAddressPool ${reason.pool}; create one that names it`
    case 'advertisement-unusable':
      return `${listed(reason.advertisements)} for IPAddressPool ${reason.pool} cannot be used; its problem says why`
    case 'service-not-selected':
      return `The serviceSelectors of ${listed(reason.advertisements)} for IPAddressPool ${reason.pool} do not select the Service`
    case 'node-not-selected':
      return `The nodeSelectors of ${listed(reason.advertisements)} for IPAddressPool ${reason.pool} do not select the Node`
    case 'network-unavailable':
    case 'excluded':
      return printLeftOut(reason)
    case 'cordoned':
      return 'The Node is cordoned, and announce.bgp.drain.cordoned is withdraw'
    case 'no-local-endpoint':
      return 'The Node has no ready endpoint of the Service, which externalTrafficPolicy Local asks for'
    case 'local-endpoints-end':
      return 'The endpoints of the Service on the Node end, other Nodes have ready ones, and externalTrafficPolicy is Local'
    case 'no-peer':
      return noPeer(reason.stopped)
    case 'conflicting-local-pref':
      return conflict(reason)
    case 'too-many-communities':
      return `The route ${reason.prefix} to BGPPeer ${reason.peer} would have ${reason.count} communities, and at most ${MOST_COMMUNITIES} can be; give it fewer`
    default:
      return unreachable(reason)
  }
}

/** Returns the advertisements with their kind. */
export function listed(names: readonly string[]): string {
  return names.length === 1
    ? `BGPAdvertisement ${names[0]}`
    : `BGPAdvertisements ${names.join(', ')}`
}

function noPeer(stopped: readonly string[]): string {
  if (stopped.length === 0)
    return 'No BGPPeer is for the Node; create one, or have the nodeSelectors of one select it'
  const [is, their] =
    stopped.length === 1 ? ['is', 'its problem says'] : ['are', 'their problems say']
  return `No BGPPeer runs on the Node: ${stopped.join(', ')} ${is} stopped, and ${their} why`
}

function conflict({
  prefix,
  peer,
  sides,
}: Extract<BgpSilenceReason, { readonly kind: 'conflicting-local-pref' }>): string {
  const [one, other] = sides.map(({ advertisement, localPref }) =>
    localPref === undefined
      ? `BGPAdvertisement ${advertisement} sets none`
      : `BGPAdvertisement ${advertisement} sets ${localPref}`,
  )
  return `The route ${prefix} to BGPPeer ${peer} can have one localPref: ${one}, and ${other}; let them agree`
}
