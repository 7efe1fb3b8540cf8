import type { PoolGrant } from './ledger.ts'
import type { Given, Refusal } from './reason.ts'

/** What a wish comes to as things stand. */
export type Answer =
  /** The Service has what it asks for. */
  | { readonly kind: 'content' }
  /** It gets these addresses in place of all that it has. */
  | { readonly kind: 'met'; readonly next: readonly PoolGrant[]; readonly reason: Given }
  /** The same, and an address of the other family that it wanted to change stays. */
  | { readonly kind: 'partly'; readonly next: readonly PoolGrant[]; readonly why: Refusal }
  | { readonly kind: 'refused'; readonly why: Refusal }

/** Returns the answer that a wish cannot be met. */
export function refused(why: Refusal): Answer {
  return { kind: 'refused', why }
}
