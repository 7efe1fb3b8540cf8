import { type Address, familyOf, type IpFamily } from '../model/address.ts'
import { absentPool } from './absent-pool.ts'
import { type Answer, refused } from './answer.ts'
import type { Draft } from './draft.ts'
import type { PoolGrant } from './ledger.ts'
import { avoids, closedBy } from './openness.ts'
import type { Refusal } from './reason.ts'
import type { Claimant, Wish } from './world.ts'

type AddressWish = Extract<Wish, { kind: 'addresses' }>

/**
 * Answers a Service that asks for addresses: it gets all of them or none, and keeps the family for
 * which it asks nothing. As with MetalLB it need not matter to the pool's autoAssign.
 */
export function askAddresses(draft: Draft, claimant: Claimant, wish: AddressWish): Answer {
  const wrong = wrongFamilies(claimant, wish)
  if (wrong !== undefined) return refused(wrong)
  const held = draft.ledger.grantsOf(claimant)
  const asked: PoolGrant[] = []
  for (const address of wish.addresses) {
    const own = held.find((each) => each.address === address)
    const granted = own ?? obtain(draft, claimant, address)
    if ('kind' in granted) return refused(granted)
    asked.push(granted)
  }
  const isHeld = asked.every((each) => held.includes(each))
  const conflict =
    wrongPool(draft, wish, asked) ?? (isHeld ? undefined : severalPools(draft, asked))
  if (conflict !== undefined) return refused(conflict)
  if (isHeld) return { kind: 'content' }
  const rest = held.filter(
    (each) => !asked.some((one) => familyOf(one.address) === familyOf(each.address)),
  )
  return { kind: 'met', next: [...asked, ...rest], reason: { kind: 'asked-for' } }
}

/** One address is enough for a Service that prefers both families: the second one is added. */
function wrongFamilies(
  { families, dual }: Claimant,
  { addresses }: AddressWish,
): Refusal | undefined {
  const asked = addresses.map(familyOf)
  const fits = asked.every((family) => families.includes(family))
  const isWanted = (family: IpFamily): boolean => asked.includes(family)
  const covers = dual === 'preferred' ? families.some(isWanted) : families.every(isWanted)
  return fits && covers ? undefined : { kind: 'wrong-families', addresses, families }
}

/** Returns an address that the Service does not have yet, or why it cannot have it. */
function obtain(
  { world, territories, ledger }: Draft,
  claimant: Claimant,
  address: Address,
): PoolGrant | Refusal {
  const pool = territories.at(address)?.pool
  if (pool === undefined) {
    return world.pools.length === 0 ? { kind: 'no-pools' } : { kind: 'outside-pools', address }
  }
  const by = closedBy(pool, claimant)
  if (by !== undefined) return { kind: 'pool-closed', pool: pool.name, by }
  if (avoids(pool, address)) return { kind: 'address-avoided', address, pool: pool.name }
  const reservation = world.reserved.get(address)
  if (reservation !== undefined) return { kind: 'address-reserved', address, reservation }
  const obstacle = ledger.obstacleTo(claimant, address)
  if (obstacle !== undefined) return { kind: 'address-taken', address, obstacle }
  return { address, pool: pool.name }
}

/** Returns the refusal if a pool is named as well, and an address is not of this pool. */
function wrongPool(
  { territories, world }: Draft,
  { pool: named }: AddressWish,
  asked: readonly PoolGrant[],
): Refusal | undefined {
  const stray = asked.find(({ pool }) => named !== undefined && pool !== named)
  if (stray === undefined || named === undefined) return undefined
  if (territories.named(named) === undefined) return absentPool(world, named)
  return { kind: 'pools-disagree', address: stray.address, named, has: stray.pool }
}

/**
 * The addresses of a Service come from one pool: so it is announced in one way. One that is kept although it
 * is in no pool any more does not count, whatever pool the mark of the Service names.
 */
function severalPools({ territories }: Draft, asked: readonly PoolGrant[]): Refusal | undefined {
  const found = asked.flatMap(({ address }) => territories.at(address)?.pool.name ?? [])
  const pools = [...new Set(found)]
  if (pools.length <= 1) return undefined
  return { kind: 'pools-differ', addresses: asked.map(({ address }) => address), pools }
}
