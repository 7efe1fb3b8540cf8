import type { IpFamily } from '../model/address.ts'
import { serviceName } from '../model/service-name.ts'
import type { Draft, Offers } from './draft.ts'
import type { PoolGrant } from './ledger.ts'
import { closedBy } from './openness.ts'
import type { Given, PoolRefusal } from './reason.ts'
import type { Territory } from './territory.ts'
import type { Claimant } from './world.ts'

/** Addresses of one pool. */
interface Choice {
  readonly pool: string
  readonly granted: readonly PoolGrant[]
}

/**
 * Returns one address of each family, all of one pool, which must be open to the Service: of the
 * first group with a pool that has them. A Service that prefers both families is content with one
 * before the next group is asked, and then with its primary one first. Undefined if no pool has any.
 */
export function choose(
  { dual }: Claimant,
  families: readonly IpFamily[],
  offers: Offers,
  groups: readonly (readonly Territory[])[],
): Choice | undefined {
  const single = dual === 'preferred' && families.length > 1 ? families.map((each) => [each]) : []
  for (const group of groups) {
    for (const wanted of [families, ...single]) {
      for (const territory of group) {
        const granted = offers.from(territory, wanted)
        if (granted.length === wanted.length) return { pool: territory.pool.name, granted }
      }
    }
  }
  return undefined
}

/** Returns why a pool does not give a Service an address of each of these families. */
export function refusalOf(
  territory: Territory,
  claimant: Claimant,
  families: readonly IpFamily[],
  offers: Offers,
): PoolRefusal {
  const pool = territory.pool.name
  const by = closedBy(territory.pool, claimant)
  if (by !== undefined) return { kind: 'pool-closed', pool, by }
  const missing = families.find((each) => offers.from(territory, [each]).length === 0)
  const family = missing ?? claimant.families[0]
  const isThere = territory.ranges.some((range) => range.family === family)
  return { kind: isThere ? 'pool-full' : 'pool-without-family', pool, family }
}

/** Returns the reason of a Service that is about to get what was chosen. */
export function reasonFor(
  { ledger }: Draft,
  { sharing: { key } }: Claimant,
  { pool, granted }: Choice,
  kind: 'pool-named' | 'pool-chosen',
): Given {
  const shared = granted.find(({ address }) => ledger.holdersOf(address).length > 0)
  const [holder] = shared === undefined ? [] : ledger.holdersOf(shared.address)
  if (shared === undefined || holder === undefined || key === undefined) return { kind, pool }
  return { kind: 'joined', pool, address: shared.address, key, holder: serviceName(holder) }
}
