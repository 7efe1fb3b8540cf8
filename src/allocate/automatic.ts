import type { IpFamily } from '../model/address.ts'
import { choose, reasonFor, refusalOf } from './choose.ts'
import { assign, type Draft, type Offers, offersTo } from './draft.ts'
import { closedBy } from './openness.ts'
import type { Given, NotAutomatic, PoolRefusal, Refusal } from './reason.ts'
import type { Territory } from './territory.ts'
import type { Claimant } from './world.ts'

/**
 * Gives addresses to the Services that have none and ask for nothing particular, and returns the
 * reasons of those that get one. Claimants are given oldest first.
 */
export function giveAutomatically(
  draft: Draft,
  claimants: readonly Claimant[],
): ReadonlyMap<Claimant, Given> {
  const met = new Map<Claimant, Given>()
  for (const claimant of claimants) {
    const { leaving, wish, families } = claimant
    if (leaving || wish.kind !== 'any' || draft.ledger.grantsOf(claimant).length > 0) continue
    const offers = offersTo(draft, claimant)
    const choice = choose(claimant, families, offers, groupsFor(draft, claimant, offers))
    if (choice === undefined) continue
    met.set(claimant, reasonFor(draft, claimant, choice, 'pool-chosen'))
    assign(draft, claimant, choice.granted)
  }
  return met
}

/**
 * Returns the pools that may give, by turns: those with company, then those with a
 * serviceAllocation, which MetalLB calls pinned, then those without.
 */
function groupsFor(
  { territories }: Draft,
  claimant: Claimant,
  { hasCompany }: Offers,
): readonly (readonly Territory[])[] {
  const open = territories.all.filter(
    ({ pool }) => pool.automatic && closedBy(pool, claimant) === undefined,
  )
  return [
    open.filter(hasCompany),
    open.filter(({ pool }) => pool.audience !== undefined),
    open.filter(({ pool }) => pool.audience === undefined),
  ]
}

/** Returns why a Service that asks for nothing particular gets nothing, pool by pool. */
export function noRoom(draft: Draft, claimant: Claimant): Refusal {
  const { territories } = draft
  if (territories.all.length === 0) return { kind: 'no-pools' }
  const { families } = claimant
  const offers = offersTo(draft, claimant)
  return {
    kind: 'no-room',
    pools: territories.all.map((each) => whyNot(each, claimant, families, offers)),
  }
}

function whyNot(
  territory: Territory,
  claimant: Claimant,
  families: readonly IpFamily[],
  offers: Offers,
): PoolRefusal | NotAutomatic {
  const { automatic, name } = territory.pool
  const refusal = refusalOf(territory, claimant, families, offers)
  if (refusal.kind === 'pool-closed' || automatic) return refusal
  return { kind: 'pool-not-automatic', pool: name }
}
