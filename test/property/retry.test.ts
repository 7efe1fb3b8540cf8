import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type RetryPolicy, Waits } from '../../src/model/retry.ts'

const policies = fc
  .record({
    first: fc.integer({ min: 1, max: 60_000 }),
    above: fc.integer({ min: 0, max: 600_000 }),
    factor: fc.double({ min: 1, max: 4, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ first, above, factor, jitter }) => ({ first, most: first + above, factor, jitter }))
const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

function waitsOf(policy: RetryPolicy, random: readonly number[]): number[] {
  let drawn = 0
  const waits = new Waits(policy, () => random[drawn++] ?? 0)
  return random.map(() => waits.next())
}

test('no wait exceeds the most, nor is shorter than what the jitter leaves of the first', () => {
  fc.assert(
    fc.property(policies, fc.array(draws), (policy, random) => {
      const least = Math.floor(policy.first * (1 - policy.jitter))
      for (const wait of waitsOf(policy, random)) {
        expect(wait).toBeLessThanOrEqual(policy.most)
        expect(wait).toBeGreaterThanOrEqual(least)
      }
    }),
  )
})

test('without jitter the waits grow from the first to the most, and stay there', () => {
  fc.assert(
    fc.property(policies, fc.array(draws), (policy, random) => {
      const waits = waitsOf({ ...policy, jitter: 0 }, random)
      expect(waits).toEqual(waits.toSorted((a, b) => a - b))
      for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(policy.first)
      if (random.length > 0) expect(waits[0]).toBe(policy.first)
    }),
  )
  const policy = { first: 500, most: 30_000, factor: 2, jitter: 0 }
  const waits = waitsOf(
    policy,
    Array.from({ length: 9 }, () => 0.5),
  )
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('jitter spreads the waits of many nodes over its share of the limit', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      const share = policy.first * policy.jitter
      const least = policy.first - share
      const nodes = Array.from({ length: 100 }, (_, node) => waitsOf(policy, [node / 100])[0] ?? 0)
      for (const [node, wait] of nodes.entries()) {
        expect(Math.abs(wait - (least + (share * node) / 100))).toBeLessThanOrEqual(0.51)
      }
    }),
  )
})

test('after a success the next failure counts as the first', () => {
  fc.assert(
    fc.property(policies, fc.nat({ max: 20 }), (policy, failures) => {
      const waits = new Waits(policy, () => 0.5)
      const first = waits.next()
      for (let i = 0; i < failures; i++) waits.next()
      waits.reset()
      expect(waits.next()).toBe(first)
    }),
  )
})
