import type { Address } from '../model/address.ts'
import type { ServiceName } from '../model/service-name.ts'

/** One LoadBalancer address, and who answers for it on layer 2, as this node sees it. */
export interface Announcement {
  readonly address: Address
  /** The Services that have the address; several if they share it. */
  readonly services: readonly ServiceName[]
  /** The interfaces of this node on which it would answer; empty if this node is no candidate. */
  readonly interfaces: readonly string[]
  /** The Nodes that may answer, the first choice first. Dead ones are not left out here. */
  readonly candidates: readonly string[]
  /**
   * The Nodes that beat to each other because of this address: the candidates, and those that have no
   * interface for it at the moment. Two that each believed that of the other would else not hear that it
   * is over.
   */
  readonly parties: readonly string[]
  /** The first candidate that is a live member; undefined if there is none. */
  readonly owner: string | undefined
}
