import type { Address } from '../model/address.ts'
import type { MemberState } from './member.ts'

/** An interface on which a node announces. */
export interface BeatLink {
  readonly name: string
  /** Its MAC address, as `02:00:00:00:00:01`. */
  readonly mac: string
}

/** How a node answers for an address. */
export type Claim =
  /** On some interface, and it still asks the wire on another one. */
  | 'partly'
  /** Wherever it can. */
  | 'wholly'
  /** It ceases as soon as the receiver says that it answers. */
  | 'offered'

/** The addresses for which a node answers on any interface. */
export type Claims = ReadonlyMap<Address, Claim>

/** Some of the claims of a node, if they are too many for one datagram. */
export interface ClaimPart {
  /** Which part it is, from 0, and how many there are. */
  readonly index: number
  readonly count: number
  readonly claims: Claims
}

/** What one node tells another: that it is there, and for which addresses it answers. */
export interface Beat {
  /** The Node that sends it. */
  readonly node: string
  /** When its agent started, in milliseconds of its clock: beats of an earlier run are older. */
  readonly incarnation: number
  /** Grows with each datagram of a run. */
  readonly sequence: number
  readonly state: Exclude<MemberState, 'dead'>
  readonly settled: boolean
  readonly links: readonly BeatLink[]
  /** Asks for the list of claims, because the sender knows another one than the receiver has. */
  readonly wantsList: boolean
  /** Eight bytes of a hash over all claims that concern the receiver, in hexadecimal. */
  readonly digest: string
  /**
   * The name of what the claims offer to the receiver: eight bytes in hexadecimal, which no other offer has. Undefined
   * if nothing is offered, or the kernel of the sender does not know of it yet.
   */
  readonly offer: string | undefined
  /**
   * The name of an offer of the receiver, if the sender answers for all of it: then the receiver need not
   * wait for the list to cease.
   */
  readonly takes: string | undefined
  /** Claims, if the beat lists them; most beats have the digest only. */
  readonly part: ClaimPart | undefined
}
