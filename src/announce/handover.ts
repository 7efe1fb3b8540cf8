import type { Address } from '../model/address.ts'

/** Addresses that this node offers to another one: its kernel falls silent when that one answers. */
export interface Handover {
  /** Tells the offers of an agent from each other; below 2 to the power of 24. */
  readonly offer: number
  /** What the beat that takes the offer has at `PROOF_AT`, in hexadecimal: one for each key that is believed. */
  readonly proofs: readonly string[]
  readonly addresses: ReadonlySet<Address>
}
