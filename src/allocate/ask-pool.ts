import { familyOf } from '../model/address.ts'
import { absentPool } from './absent-pool.ts'
import { type Answer, refused } from './answer.ts'
import { choose, reasonFor, refusalOf } from './choose.ts'
import { type Draft, offersTo } from './draft.ts'
import { closedBy } from './openness.ts'
import type { Claimant } from './world.ts'

/**
 * Answers a Service that names a pool: what it has from elsewhere is replaced, family by family if
 * it prefers both, else as a whole. A family that it lacks is added later, as to any Service.
 */
export function askPool(draft: Draft, claimant: Claimant, pool: string): Answer {
  const { world, territories, ledger } = draft
  const territory = territories.named(pool)
  if (territory === undefined) {
    const isEmpty = world.pools.length === 0 && !world.unread.has(pool)
    return refused(isEmpty ? { kind: 'no-pools' } : absentPool(world, pool))
  }
  const held = ledger.grantsOf(claimant)
  const elsewhere = held.filter((each) => {
    // What this pool gave stays, although it no longer has it, as with any other Service.
    const isLeft = each.stranded !== undefined && each.pool === pool
    return !isLeft && territories.at(each.address) !== territory
  })
  if (held.length > 0 && elsewhere.length === 0) return { kind: 'content' }
  const families =
    held.length === 0 ? claimant.families : elsewhere.map(({ address }) => familyOf(address))
  const offers = offersTo(draft, claimant)
  const isOpen = closedBy(territory.pool, claimant) === undefined
  const choice = choose(claimant, families, offers, isOpen ? [[territory]] : [])
  if (choice === undefined) return refused(refusalOf(territory, claimant, families, offers))
  const renewed = choice.granted.map(({ address }) => familyOf(address))
  const kept = held.filter(({ address }) => !renewed.includes(familyOf(address)))
  const next = [...kept, ...choice.granted]
  if (kept.some((each) => elsewhere.includes(each))) {
    return { kind: 'partly', next, why: refusalOf(territory, claimant, families, offers) }
  }
  return { kind: 'met', next, reason: reasonFor(draft, claimant, choice, 'pool-named') }
}
