import type { Address, Cidr, IpFamily, Port } from '../../model/address.ts'
import type { BfdProfile } from './bfd-profile.ts'
import type { SecretText } from './secret-text.ts'

/** A VRF by its name of 1 to 15 characters; empty: the default one. */
export type Vrf = string

/** All that one node announces by BGP, whichever program speaks it. */
export interface BgpAnnouncements {
  /**
   * The router identifier, one for all sessions of the node. It is always written: a program that
   * chose one itself could take an address that all nodes have.
   */
  readonly routerId: Address
  /** The AS number of the node in each VRF that has a session. */
  readonly asns: ReadonlyMap<Vrf, number>
  /** In order of name. */
  readonly peers: readonly BgpSession[]
  /** Those that sessions use, in order of name. */
  readonly bfdProfiles: readonly BfdProfile[]
  /** In order of VRF and prefix, each pair once. */
  readonly routes: readonly BgpRoute[]
}

/** A BGP session of the node; what is undefined is left to the program that speaks BGP. */
export interface BgpSession {
  /** The name of its BGPPeer. */
  readonly name: string
  readonly end: SessionEnd
  readonly vrf: Vrf
  /** The AS number of the node, 1 to 4294967295. */
  readonly myAsn: number
  readonly remoteAs: RemoteAs
  /** The AS number that the peer sees in place of `myAsn`. */
  readonly localAsn: number | undefined
  /** The address of the node from which the session goes. */
  readonly sourceAddress: Address | undefined
  /** The TCP port of the peer. */
  readonly port: Port
  readonly timers: SessionTimers | undefined
  /** Seconds between attempts to connect, 1 to 65535. */
  readonly connectTime: number | undefined
  /** The key of TCP MD5 signatures (RFC 2385), 1 to 80 bytes without white space. */
  readonly password: SecretText | undefined
  /** The name of a BFDProfile; undefined: no BFD. */
  readonly bfdProfile: string | undefined
  /** The peer keeps routes while the program that speaks BGP restarts (RFC 4724). */
  readonly gracefulRestart: boolean
  /** The peer of another AS may be several hops away. */
  readonly ebgpMultihop: boolean
  /** The families of prefixes that the session carries, whatever is announced at the moment. */
  readonly families: readonly IpFamily[]
}

/** Where the other end of a session is. */
export type SessionEnd =
  | { readonly kind: 'address'; readonly address: Address }
  /** What answers on the link, by IPv6 link-local addresses (RFC 5549). */
  | { readonly kind: 'interface'; readonly interface: string }

/** The AS of a peer: a number, or whichever it says, of our own AS or of another one. */
export type RemoteAs =
  | { readonly kind: 'number'; readonly asn: number }
  | { readonly kind: 'internal' }
  | { readonly kind: 'external' }

/** Whole seconds: without a message for `hold` the session ends, 0 for never (RFC 4271, 4.2). */
export interface SessionTimers {
  readonly hold: number
  readonly keepalive: number
}

/** A prefix with the peers that get it. */
export interface BgpRoute {
  readonly vrf: Vrf
  readonly prefix: Cidr
  /** What each peer is sent, by the name of its BGPPeer. */
  readonly to: ReadonlyMap<string, RouteAttributes>
}

/** What a route carries to one peer. */
export interface RouteAttributes {
  /** `N:N`, in order of their numbers, each once. */
  readonly communities: readonly string[]
  /** `N:N:N`, in order of their numbers, each once. */
  readonly largeCommunities: readonly string[]
  /** LOCAL_PREF, 1 to 4294967295, which only peers of the same AS get to see. */
  readonly localPref: number | undefined
  /**
   * For the link bandwidth of the route (draft-ietf-idr-link-bandwidth), 1 to 25600: a peer with several
   * routes sends traffic in proportion to it. Undefined: the same share for all.
   */
  readonly weight: number | undefined
}
