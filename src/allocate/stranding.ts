import type { Address } from '../model/address.ts'
import { avoids, closedBy } from './openness.ts'
import type { Territories } from './territory.ts'
import type { Claimant, Pool } from './world.ts'

/** What became of the pool that an address came from. */
export type Stranding =
  /** There is no pool of that name any more, and no other one has the address. */
  | { readonly kind: 'pool-gone' }
  /** The pool no longer has the address, and no other one has it. */
  | { readonly kind: 'outside' }
  /** This pool has the address, and is closed to the Service. */
  | { readonly kind: 'closed'; readonly by: string }
  /** This pool has the address, and avoids it. */
  | { readonly kind: 'avoided'; readonly by: string }

/** Returns what became of a pool, given by the mark, whose address is in no pool now. */
export function withoutPool(mark: string | undefined, territories: Territories): Stranding {
  const isThere = mark !== undefined && territories.named(mark) !== undefined
  return { kind: isThere ? 'outside' : 'pool-gone' }
}

/** Returns why a pool that has an address would not give it to a Service; undefined if it would. */
export function strandingIn(
  pool: Pool,
  address: Address,
  claimant: Claimant,
): Stranding | undefined {
  if (closedBy(pool, claimant) !== undefined) return { kind: 'closed', by: pool.name }
  return avoids(pool, address) ? { kind: 'avoided', by: pool.name } : undefined
}
