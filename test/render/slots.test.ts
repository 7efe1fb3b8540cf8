import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Target } from '../../src/frontend/choose-endpoints.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import { assignSlots } from '../../src/render/nftables/slots.ts'

const endpoint = fc.integer({ min: 1, max: 12 }).map((pod) => `10.244.0.${pod} . 8080` as Tuple)
const wanted = fc.uniqueArray(endpoint, { minLength: 1 })
/** What the kernel holds may have holes, and an endpoint twice. */
const held = fc.array(
  fc.option(
    endpoint.map((data) => ({ data })),
    { nil: undefined },
  ),
)

const targets = (tuples: readonly Tuple[]): readonly Target[] =>
  tuples.map((tuple) => ({ tuple }) as Target)

test('each endpoint has one slot, and keeps the one that it has alone', () => {
  fc.assert(
    fc.property(held, wanted, (before, tuples) => {
      const slots = assignSlots(before, targets(tuples))
      const after = slots.map(({ data }) => data)
      expect(new Set(after)).toEqual(new Set(tuples))
      expect(after).toHaveLength(tuples.length)
      for (const [slot, holder] of before.slice(0, tuples.length).entries()) {
        const isAlone = before.filter((each) => each?.data === holder?.data).length === 1
        if (holder === undefined || !tuples.includes(holder.data) || !isAlone) continue
        expect(slots[slot]).toBe(holder)
      }
    }),
  )
})

test('the list that is held is returned if nothing changes, in whichever order endpoints come', () => {
  fc.assert(
    fc.property(wanted, (tuples) => {
      const before = tuples.map((data) => ({ data }))
      expect(assignSlots(before, targets([...tuples].reverse()))).toBe(before)
    }),
  )
})
