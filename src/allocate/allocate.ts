import type { Allocation } from './allocation.ts'
import { giveAutomatically } from './automatic.ts'
import type { Draft } from './draft.ts'
import { grantsOf } from './grants.ts'
import { keepHeld } from './holders.ts'
import { byAge } from './order.ts'
import { problemsOf } from './problems.ts'
import { addFamilies } from './second-families.ts'
import { stockUp } from './stock.ts'
import { territoriesOf } from './territory.ts'
import { usageOf } from './usage.ts'
import { meetWishes } from './wishes.ts'
import type { World } from './world.ts'

/**
 * Returns the addresses that each Service has or gets from the pools, with the reasons. Who has
 * something keeps it; then those are served who ask for addresses, who name a pool, and the rest,
 * each by age. It remembers nothing: it finds what was given before in the statuses, so what it
 * returns, once written, is what it returns again.
 */
export function allocate(world: World): Allocation {
  const claimants = world.claimants.toSorted(byAge)
  const territories = territoriesOf(world.pools)
  const { ledger, ousted } = keepHeld(world, territories, claimants)
  const draft: Draft = { world, territories, ledger, stock: stockUp(world, territories, ledger) }
  const wishes = meetWishes(draft, claimants)
  const given = giveAutomatically(draft, claimants)
  const families = addFamilies(draft, claimants)
  const grants = grantsOf(draft, { wishes, given, families })
  const usage = usageOf(draft)
  return { grants, problems: problemsOf({ draft, ousted, grants, usage }), usage }
}
