import type { Address } from '../model/address.ts'

/**
 * What the last beat of another node said about it, or that none came in time. A node that leaves
 * owns nothing any more; one that is stale (its watch has been broken for a minute) ranks behind.
 */
export type MemberState = 'live' | 'leaving' | 'stale' | 'dead'

/** Another node that announces addresses. */
export interface Member {
  /** The name of its Node. */
  readonly node: string
  readonly state: MemberState
  /** Whether it has been up for long enough to rank before newcomers. */
  readonly settled: boolean
  /** The addresses for which it answers, of those that concern this node. */
  readonly claims: ReadonlySet<Address>
  /** Those of them that it still asks for on another interface. */
  readonly partly: ReadonlySet<Address>
  /** Those of them that it hands over to this node as soon as this node answers. */
  readonly offers: ReadonlySet<Address>
  /** Those that this node has offered to it, and for which it answers since. */
  readonly taken: ReadonlySet<Address>
  /** Whether the claims are those that its last beat spoke of: a list may have been lost. */
  readonly isCurrent: boolean
  /** The MAC addresses of its announcing interfaces, as `02:00:00:00:00:01`. */
  readonly macs: readonly string[]
  /** The names of its announcing interfaces that have carrier; undefined if it does not say. */
  readonly interfaces?: readonly string[] | undefined
}
