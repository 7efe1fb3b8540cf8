import { type Address, familyOf, type IpFamily, toBigInt } from '../model/address.ts'
import {
  type AddressRange,
  firstEndingFrom,
  merge,
  type Span,
  without,
} from '../model/address-range.ts'
import { poolsByAge, poolsByPriority } from './order.ts'
import type { Pool } from './world.ts'

/** A pool with the addresses that are its own: where pools overlap, the oldest has them. */
export interface Territory {
  readonly pool: Pool
  /** Disjoint, in the order listed. */
  readonly ranges: readonly AddressRange[]
  /** The older pools that have some of its addresses, oldest first. */
  readonly losesTo: readonly Pool[]
}

/** All pools, disjoint. */
export interface Territories {
  /** In order of priority, then of name. */
  readonly all: readonly Territory[]
  /** Returns the pool of that name; undefined if there is none. */
  readonly named: (pool: string) => Territory | undefined
  /** Returns the pool that has an address, even if it avoids it; undefined if none has it. */
  readonly at: (address: Address) => Territory | undefined
}

/** Returns the pools with what belongs to each. */
export function territoriesOf(pools: readonly Pool[]): Territories {
  const byAge = pools.toSorted(poolsByAge)
  const claimed: Record<IpFamily, readonly Span[]> = { ipv4: [], ipv6: [] }
  const all = byAge.map((pool, age): Territory => {
    const ranges = pool.ranges.flatMap((range) => {
      const own = without([range], claimed[range.family])
      claimed[range.family] = merge([...claimed[range.family], range])
      return own
    })
    const losesTo = byAge.slice(0, age).filter((older) => overlap(older, pool))
    return { pool, ranges, losesTo }
  })
  const names = new Map(all.map((territory) => [territory.pool.name, territory]))
  return {
    all: all.toSorted((a, b) => poolsByPriority(a.pool, b.pool)),
    named: (pool) => names.get(pool),
    at: finder(all),
  }
}

function overlap(a: Pool, b: Pool): boolean {
  return a.ranges.some((one) =>
    b.ranges.some(
      (other) => one.family === other.family && one.first <= other.last && other.first <= one.last,
    ),
  )
}

/** An address is looked for more than once, and reading its text costs most. */
function finder(all: readonly Territory[]): Territories['at'] {
  const plots = { ipv4: plotsOf(all, 'ipv4'), ipv6: plotsOf(all, 'ipv6') }
  const found = new Map<Address, Territory | undefined>()
  return (address) => {
    if (found.has(address)) return found.get(address)
    const value = toBigInt(address)
    const own = plots[familyOf(address)]
    const plot = own[firstEndingFrom(own, value)]
    const territory = plot !== undefined && plot.first <= value ? plot.territory : undefined
    found.set(address, territory)
    return territory
  }
}

interface Plot extends Span {
  readonly territory: Territory
}

function plotsOf(all: readonly Territory[], family: IpFamily): readonly Plot[] {
  return all
    .flatMap((territory) =>
      territory.ranges
        .filter((range) => range.family === family)
        .map(({ first, last }) => ({ first, last, territory })),
    )
    .sort((a, b) => (a.first < b.first ? -1 : 1))
}
