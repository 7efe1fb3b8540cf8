import { type Address, familyOf, type IpFamily } from '../model/address.ts'
import { type AddressRange, sizeOf } from '../model/address-range.ts'
import type { PoolUsage } from './allocation.ts'
import type { Draft } from './draft.ts'
import { avoids } from './openness.ts'
import { poolsByName } from './order.ts'
import type { Territory } from './territory.ts'

/** Returns how full each pool is, in order of name, IPv4 first. */
export function usageOf({ territories, ledger, world }: Draft): readonly PoolUsage[] {
  const held = counts([...ledger.addresses()], territories.at)
  const unused = [...world.reserved.keys()].filter(
    (address) => ledger.holdersOf(address).length === 0,
  )
  const reserved = counts(unused, territories.at)
  const byName = territories.all.toSorted((a, b) => poolsByName(a.pool, b.pool))
  return byName.flatMap((territory) =>
    (['ipv4', 'ipv6'] as const)
      .filter((family) => territory.pool.ranges.some((range) => range.family === family))
      .map((family) => ({
        pool: territory.pool.name,
        family,
        size: givable(territory, family) - BigInt(reserved.get(territory)?.[family] ?? 0),
        held: held.get(territory)?.[family] ?? 0,
      })),
  )
}

/** Counts the addresses of each pool, without those that it avoids. */
function counts(
  addresses: readonly Address[],
  at: (address: Address) => Territory | undefined,
): ReadonlyMap<Territory, Record<IpFamily, number>> {
  const counted = new Map<Territory, Record<IpFamily, number>>()
  for (const address of addresses) {
    const territory = at(address)
    if (territory === undefined || avoids(territory.pool, address)) continue
    const count = counted.get(territory) ?? { ipv4: 0, ipv6: 0 }
    count[familyOf(address)]++
    counted.set(territory, count)
  }
  return counted
}

function givable({ pool, ranges }: Territory, family: IpFamily): bigint {
  return ranges
    .filter((range) => range.family === family)
    .map((range) => sizeOf(range) - (pool.avoidsEnds ? endsIn(range) : 0n))
    .reduce((sum, size) => sum + size, 0n)
}

/** Returns how many addresses of a range end in .0 or .255. */
function endsIn({ family, first, last }: AddressRange): bigint {
  return family === 'ipv4' ? endsBelow(last + 1n) - endsBelow(first) : 0n
}

/** Of each 256 numbers the first and the last count. */
function endsBelow(value: bigint): bigint {
  return (value + 255n) / 256n + value / 256n
}
