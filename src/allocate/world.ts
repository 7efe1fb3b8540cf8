import type { Address, IpFamily, Port, Protocol } from '../model/address.ts'
import type { AddressRange } from '../model/address-range.ts'
import type { LabelSelector, Labels } from '../model/label-selector.ts'

/** All that an allocation from pools depends on; the order of its lists has no meaning. */
export interface World {
  readonly claimants: readonly Claimant[]
  readonly pools: readonly Pool[]
  /** The names of pools that are there and cannot be read. */
  readonly unread: ReadonlySet<string>
  /** Addresses that are not ours to give, and whose they are. */
  readonly reserved: ReadonlyMap<Address, Reservation>
  /** What becomes of an address that its pool no longer offers; `keep` unless configured. */
  readonly onPoolChange: 'keep' | 'move'
  /** A pool is reported once this percentage of its addresses is in use; 80 unless configured. */
  readonly nearlyFull: number
}

/** Whose an address is that must not be given. */
export type Reservation =
  /** An address of a Node's status. */
  | { readonly kind: 'node'; readonly node: string }
  /** One of spec.externalIPs of a Service, `namespace/name`. */
  | { readonly kind: 'external-ip'; readonly service: string }
  /** In the status of a Service of another class, `namespace/name`. */
  | { readonly kind: 'other-class'; readonly service: string }

export interface Pool {
  readonly name: string
  /** RFC 3339; of two pools that overlap the older has the overlap. Empty if the object has none. */
  readonly created: string
  /** In the order listed; a bad entry was left out. They may overlap each other and other pools. */
  readonly ranges: readonly AddressRange[]
  /** spec.autoAssign: whether a Service that names neither pool nor address may get from it. */
  readonly automatic: boolean
  /** spec.avoidBuggyIPs: IPv4 addresses that end in .0 or .255 are not given. */
  readonly avoidsEnds: boolean
  /** Undefined: open to all. */
  readonly audience: Audience | undefined
}

/** Who may get from a pool (spec.serviceAllocation). */
export interface Audience {
  /** Lower first; 0 last. */
  readonly priority: number
  /** The namespaces, selectors resolved; undefined: all. An empty set is closed to everyone. */
  readonly namespaces: ReadonlySet<string> | undefined
  /** One of them must select the Service's labels; empty: all do. */
  readonly services: readonly LabelSelector[]
  /** True if nothing of it can be read, so that it is closed to everyone. */
  readonly unread?: true
}

/** A Service of type LoadBalancer to which we give addresses. */
export interface Claimant {
  readonly namespace: string
  readonly name: string
  /** RFC 3339; the older Service goes first. Empty if the object has none, and youngest then. */
  readonly created: string
  readonly labels: Labels
  /** The wanted families, the primary one first. */
  readonly families: readonly [IpFamily, ...IpFamily[]]
  /** `preferred`: one family is enough; `required`: both or none. */
  readonly dual: 'no' | 'preferred' | 'required'
  readonly wish: Wish
  readonly sharing: Sharing
  /** The addresses of the status, each once, in its order. */
  readonly held: readonly Held[]
  /** True if its `nodelb.io/renew` has a value not yet done: then it holds nothing. */
  readonly renewing: boolean
  /** True if the object has a deletionTimestamp: it keeps what it has and gets nothing new. */
  readonly leaving: boolean
}

/** What a Service asks for by annotations or spec.loadBalancerIP. */
export type Wish =
  | { readonly kind: 'any' }
  | { readonly kind: 'pool'; readonly pool: string }
  /** At most one of each family, in the order asked; the pool if one is named as well. */
  | {
      readonly kind: 'addresses'
      readonly addresses: readonly Address[]
      readonly pool: string | undefined
    }
  /** The text cannot be read as addresses; the Service keeps what it has. */
  | { readonly kind: 'unreadable'; readonly text: string; readonly why: string }

/** With whom a Service may share an address. */
export interface Sharing {
  /** The annotation allow-shared-ip; undefined if there is none or it is empty. */
  readonly key: string | undefined
  readonly ports: readonly { readonly protocol: Protocol; readonly port: Port }[]
  /** Empty for external policy Cluster; for Local the whole selector as sorted text. */
  readonly backend: string
}

/** An address in the status of a Service. */
export interface Held {
  readonly address: Address
  /** The pool in the mark `ip-allocated-from-pool`; undefined if the Service has no mark. */
  readonly pool: string | undefined
}
