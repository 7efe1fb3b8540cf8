import { familyOf, type IpFamily } from '../model/address.ts'
import { absentPool } from './absent-pool.ts'
import { refusalOf } from './choose.ts'
import { assign, type Draft, offersTo } from './draft.ts'
import { closedBy } from './openness.ts'
import type { PoolRefusal, Reason } from './reason.ts'
import type { Claimant } from './world.ts'

/** What came of the wish for both families. */
export type Second = Extract<Reason, { kind: 'family-added' | 'family-missing' }>

/**
 * Gives the Services that have an address of one family, and want both, one of the other family
 * from the same pool, or from the one that it names; returns what came of it. Claimants are given
 * oldest first.
 */
export function addFamilies(
  draft: Draft,
  claimants: readonly Claimant[],
): ReadonlyMap<Claimant, Second> {
  const reasons = new Map<Claimant, Second>()
  for (const claimant of claimants) {
    const grants = draft.ledger.grantsOf(claimant)
    const [first] = grants
    if (first === undefined || claimant.leaving || claimant.wish.kind === 'unreadable') continue
    for (const family of claimant.families) {
      if (grants.some(({ address }) => familyOf(address) === family)) continue
      const found = secondOf(draft, claimant, first.pool, family)
      if (found.kind === 'family-added') {
        assign(draft, claimant, [...grants, { address: found.address, pool: found.pool }])
      }
      reasons.set(claimant, found)
    }
  }
  return reasons
}

function secondOf(draft: Draft, claimant: Claimant, pool: string, family: IpFamily): Second {
  const { wish } = claimant
  // It would move there in the next round.
  if (wish.kind === 'pool' && wish.pool !== pool) {
    const wished = secondIn(draft, claimant, wish.pool, family)
    if (wished.kind === 'family-added') return wished
  }
  return secondIn(draft, claimant, pool, family)
}

function secondIn(draft: Draft, claimant: Claimant, pool: string, family: IpFamily): Second {
  const missing = (why: PoolRefusal): Second => ({ kind: 'family-missing', family, why })
  const territory = draft.territories.named(pool)
  if (territory === undefined) return missing(absentPool(draft.world, pool))
  const offers = offersTo(draft, claimant)
  const isOpen = closedBy(territory.pool, claimant) === undefined
  const [granted] = isOpen ? offers.from(territory, [family]) : []
  if (granted === undefined) return missing(refusalOf(territory, claimant, [family], offers))
  return { kind: 'family-added', pool, address: granted.address }
}
