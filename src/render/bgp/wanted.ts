import type { Address, Cidr, IpFamily } from '../../model/address.ts'

/** All that a node announces by BGP, and to whom. */
export interface WantedBgp {
  /** The identifier of every router, written as an IPv4 address (RFC 6286). */
  readonly routerId: Address
  /** At most one for each VRF. */
  readonly routers: readonly WantedRouter[]
  readonly bfdProfiles: readonly WantedBfdProfile[]
  /** At most one for each prefix and VRF. */
  readonly routes: readonly WantedRoute[]
}

export interface WantedRouter {
  /** The name of the VRF's interface; empty for the VRF that is there without a name. */
  readonly vrf: string
  /** The number of our autonomous system, 1 to 4294967295. */
  readonly asn: number
  /** At most one for each place. */
  readonly peers: readonly WantedPeer[]
}

/** Where a peer is: at an address, or what answers at the other end of an interface. */
export type PeerPlace =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'interface'; readonly name: string }

export interface WantedPeer {
  readonly place: PeerPlace
  /** The peer's autonomous system: its number, or any that is (not) ours. */
  readonly remoteAs: number | 'internal' | 'external'
  /** The families that are exchanged; there is at least one. It does not depend on the routes. */
  readonly families: readonly IpFamily[]
  /** Another number to give to this peer alone in place of the router's. */
  readonly localAs?: number
  /** The name of a BFD profile; without one there is no BFD. */
  readonly bfdProfile?: string
  /** For TCP MD5 (RFC 2385): 1 to 80 printable bytes without blanks. */
  readonly password?: string
  /** True: the peer of another autonomous system may be more than one hop away. */
  readonly multihop?: boolean
  /** TCP port; 179 without one. */
  readonly port?: number
  readonly sourceAddress?: Address
  /** Whole seconds. */
  readonly timers?: { readonly keepalive: number; readonly hold: number }
  /** Whole seconds between two attempts to connect. */
  readonly connectTime?: number
  /** True: the peer keeps our routes while the routing program starts again (RFC 4724). */
  readonly gracefulRestart?: boolean
}

export interface WantedBfdProfile {
  readonly name: string
  /** Milliseconds between two packets that we send. */
  readonly transmitInterval?: number
  /** Milliseconds between two packets that we can take. */
  readonly receiveInterval?: number
  /** How many packets may be lost in a row. */
  readonly detectMultiplier?: number
  readonly echoMode?: boolean
  /** Milliseconds between two echoes, in both directions. */
  readonly echoInterval?: number
  /** True: wait until the peer begins. */
  readonly passiveMode?: boolean
  /** The least TTL that packets from several hops away may arrive with. */
  readonly minimumTtl?: number
}

/** What a route says besides its prefix. */
export interface RouteAttributes {
  /** Such as `64500:1`; the order does not matter. */
  readonly communities: readonly string[]
  /** Such as `64500:1:2`. */
  readonly largeCommunities: readonly string[]
  /** Only peers of our own autonomous system see it. */
  readonly localPref?: number
}

export interface WantedRoute {
  readonly vrf: string
  readonly prefix: Cidr
  /** Who gets the route, by `peerWord`; there is at least one. */
  readonly peers: ReadonlyMap<string, RouteAttributes>
}

/** Returns the word by which FRR knows a peer. */
export function peerWord(place: PeerPlace): string {
  return place.kind === 'address' ? place.address : place.name
}
