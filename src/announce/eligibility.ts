import type { Address } from '../model/address.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { LeftOut } from './left-out.ts'
import type { Silence } from './silence.ts'

/** Who may announce what, as the objects say it. */
export interface Eligibility {
  /** In order of the Services; each address once. */
  readonly addresses: readonly EligibleAddress[]
  /** In order of `namespace/name`. */
  readonly silences: readonly Silence[]
  readonly problems: readonly AnnounceProblem[]
}

/** An address that at least one Node may announce. */
export interface EligibleAddress {
  readonly address: Address
  /**
   * The address by which Nodes are ordered: the first of the Service, so that both families of a
   * Service stay on one Node.
   */
  readonly key: Address
  /** What each Service that has the address asks for, in order of name. */
  readonly bids: readonly Bid[]
  readonly candidates: ReadonlyMap<string, Candidate>
}

/** What a Service asks of the Nodes that announce its address. */
export interface Bid {
  readonly service: ServiceName
  /** The first address of the Service. */
  readonly first: Address
  readonly allowed: Allowed
  /** The Nodes with endpoints, which are all that policy Local uses; undefined for Cluster. */
  readonly endpoints: ReadonlySet<string> | undefined
}

/** What a Node may do for an address. */
export interface Candidate {
  /** The sum of the weights of the preferences that select the Node; the highest goes first. */
  readonly preference: number
  /** The names of the interfaces on which it may answer; undefined: all. */
  readonly interfaces: ReadonlySet<string> | undefined
}

/** The Nodes that some advertisements let announce, and why not the others. */
export interface Allowed {
  readonly candidates: ReadonlyMap<string, Candidate>
  readonly leftOut: readonly LeftOut[]
}

/** Something that a person should settle; nothing stops because of it. */
export interface AnnounceProblem {
  /** Kind and name: `L2Advertisement/home`, `Service/shop/web`. */
  readonly object: string
  readonly message: string
}
