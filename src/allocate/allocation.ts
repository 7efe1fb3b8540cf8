import type { Address, IpFamily } from '../model/address.ts'
import type { Reason } from './reason.ts'
import type { Stranding } from './stranding.ts'

/** What each Service has or gets, and what is wrong; the same for the same world. */
export interface Allocation {
  /** One for each claimant, in order of `namespace/name`. */
  readonly grants: readonly Grant[]
  readonly problems: readonly AllocationProblem[]
  /** One for each pool and family that it has, in order of name, IPv4 first. */
  readonly usage: readonly PoolUsage[]
}

export interface Grant {
  readonly namespace: string
  readonly name: string
  /** The status as it has to be, IPv4 first; empty while the Service waits. */
  readonly addresses: readonly Granted[]
  /** Why it has these addresses, or why it waits. */
  readonly reason: Reason
}

export interface Granted {
  readonly address: Address
  /** The pool that it comes from; undefined for an address that no pool of ours ever gave. */
  readonly pool: string | undefined
  /** Why no pool would give it now; the Service keeps it all the same. Absent if one would. */
  readonly stranded?: Stranding
}

/** Something that a person should settle; nothing stops because of it. */
export interface AllocationProblem {
  /** Kind and name: `IPAddressPool/production`, `Service/shop/web`. */
  readonly object: string
  readonly message: string
  /** True if it only says how full a pool is. */
  readonly isUsage?: true
}

/** How full a pool is in one family. */
export interface PoolUsage {
  readonly pool: string
  readonly family: IpFamily
  /** Addresses that may be given: without what is avoided, reserved or an older pool's. */
  readonly size: bigint
  /** How many of these are in use; one that several Services share counts once. */
  readonly held: number
}
