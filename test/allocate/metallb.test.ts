import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocate } from '../../src/allocate/allocate.ts'
import { byAge } from '../../src/allocate/order.ts'
import type { Claimant, Pool, World } from '../../src/allocate/world.ts'
import type { Address } from '../../src/model/address.ts'
import { runs } from '../support/runs.ts'
import { MetalLb } from './metallb-model.ts'
import { world } from './random-worlds.ts'
import { written } from './worlds.ts'

/** Worlds to which no departure from MetalLB applies; `MetalLb` says which there are. */
const plain: fc.Arbitrary<World> = world.map((given) => ({
  ...given,
  claimants: given.claimants.map(plainClaimant),
  pools: disjoint(given.pools).map(plainPool),
  reserved: new Map(),
}))

test('from empty statuses Services get what MetalLB gives, and then it stays', () => {
  fc.assert(
    fc.property(plain, (given) => {
      const served = given.claimants.toSorted((a, b) => turnOf(a) - turnOf(b) || byAge(a, b))
      const metallb = new MetalLb(given)
      const ours = allocate(given)
      expect(statusesOf(given, ours)).toEqual(served.map((each) => [each, metallb.converge(each)]))
      const again = allocate(written(given, ours))
      expect(statusesOf(given, again)).toEqual(served.map((each) => [each, metallb.converge(each)]))
    }),
    { numRuns: runs(8_000) },
  )

  function turnOf({ wish }: Claimant): number {
    return ['addresses', 'pool', 'any', 'unreadable'].indexOf(wish.kind)
  }

  /** In the order in which they are served, as MetalLB gives them. */
  function statusesOf(
    given: World,
    { grants }: ReturnType<typeof allocate>,
  ): readonly [Claimant, readonly Address[]][] {
    return given.claimants
      .toSorted((a, b) => turnOf(a) - turnOf(b) || byAge(a, b))
      .map((claimant) => {
        const grant = grants.find(
          ({ namespace, name }) => namespace === claimant.namespace && name === claimant.name,
        )
        return [claimant, grant?.addresses.map(({ address }) => address) ?? []]
      })
  }
})

function plainClaimant(claimant: Claimant): Claimant {
  const { families, dual, sharing } = claimant
  const asksForOne =
    claimant.wish.kind === 'addresses' && claimant.wish.addresses.length < families.length
  const wish = asksForOne && dual === 'preferred' ? ({ kind: 'any' } as const) : claimant.wish
  const key = wish.kind === 'addresses' ? sharing.key : undefined
  const sharingPlainly = { ...sharing, key }
  return { ...claimant, wish, sharing: sharingPlainly, held: [], renewing: false, leaving: false }
}

/** An empty set of namespaces is left out. */
function plainPool(pool: Pool): Pool {
  if (pool.audience?.namespaces?.size !== 0) return pool
  return { ...pool, audience: { ...pool.audience, namespaces: undefined } }
}

/** The same pools without the ranges that overlap with an earlier pool's. */
function disjoint(pools: readonly Pool[]): readonly Pool[] {
  return pools.map((pool, at) => ({
    ...pool,
    ranges: pool.ranges.filter(({ family, first, last }) =>
      pools
        .slice(0, at)
        .flatMap(({ ranges }) => ranges)
        .every((each) => each.family !== family || each.last < first || last < each.first),
    ),
  }))
}
