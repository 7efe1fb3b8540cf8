import { type Address, familyOf, type IpFamily } from '../model/address.ts'
import type { Ledger, PoolGrant } from './ledger.ts'
import { avoids } from './openness.ts'
import type { Stock } from './stock.ts'
import type { Territories, Territory } from './territory.ts'
import type { Claimant, World } from './world.ts'

/** An allocation while it is made. */
export interface Draft {
  readonly world: World
  readonly territories: Territories
  readonly ledger: Ledger
  readonly stock: Stock
}

/** Gives a Service these addresses and no others; returns those that it no longer has. */
export function assign(
  { ledger, stock }: Draft,
  claimant: Claimant,
  next: readonly PoolGrant[],
): readonly Address[] {
  const before = ledger.grantsOf(claimant)
  const gone = before.map(({ address }) => address).filter((each) => !includes(next, each))
  for (const address of gone) {
    ledger.remove(claimant, address)
    if (ledger.holdersOf(address).length === 0) stock.putBack(address)
  }
  for (const granted of next) {
    if (!includes(before, granted.address)) ledger.add(claimant, granted)
  }
  return gone
}

function includes(grants: readonly PoolGrant[], address: Address): boolean {
  return grants.some((each) => each.address === address)
}

/** What each pool could give one Service. */
export interface Offers {
  /** Returns one address of each family that the pool, which must be open, can give. */
  readonly from: (territory: Territory, families: readonly IpFamily[]) => readonly PoolGrant[]
  /** Returns whether the pool has an address of the Service's key that it could share. */
  readonly hasCompany: (territory: Territory) => boolean
}

/**
 * Returns the offers to a Service: first an address that it can share with others, so that
 * Services of one key come together (metallb#1682), then the first that is free.
 */
export function offersTo(draft: Draft, claimant: Claimant): Offers {
  const joinable = joinableBy(draft, claimant)
  return {
    from: (territory, families) =>
      families.flatMap((family) => {
        const address = joinable(territory, family) ?? draft.stock.first(territory, family)
        return address === undefined ? [] : [{ address, pool: territory.pool.name }]
      }),
    hasCompany: (territory) =>
      claimant.families.some((family) => joinable(territory, family) !== undefined),
  }
}

type Joinable = (territory: Territory, family: IpFamily) => Address | undefined

function joinableBy(draft: Draft, claimant: Claimant): Joinable {
  const { key, ports, backend } = claimant.sharing
  if (key === undefined) return () => undefined
  const { ledger, territories, world } = draft
  const sort = JSON.stringify([backend, ports.map(({ protocol, port }) => [protocol, port])])
  return (territory, family) =>
    ledger.company.first(
      key,
      `${territory.pool.name} ${family} ${sort}`,
      (address) =>
        familyOf(address) === family &&
        territories.at(address) === territory &&
        !avoids(territory.pool, address) &&
        !world.reserved.has(address) &&
        ledger.obstacleTo(claimant, address) === undefined,
    )
}
