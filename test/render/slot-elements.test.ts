import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import { SlotElements } from '../../src/render/nftables/slot-elements.ts'
import type { Slots } from '../../src/render/nftables/slots.ts'
import type { ElementValue } from '../../src/ruleset/nftables/types.ts'

const frontends = fc.uniqueArray(
  fc.oneof(
    fc.integer({ min: 1, max: 9 }).map((port) => tuple('10.0.0.1', 'tcp', port)),
    fc.integer({ min: 1, max: 9 }).map((port) => tuple('udp', port)),
  ),
)
const slots: fc.Arbitrary<Slots> = fc.array(
  fc.integer({ min: 1, max: 99 }).map((host) => ({ data: tuple(`10.1.0.${host}`, 8080) })),
  { minLength: 1, maxLength: 12 },
)
const held = frontends.chain((ids) =>
  fc
    .array(slots, { minLength: ids.length, maxLength: ids.length })
    .map((lists) => new Map(ids.map((id, at) => [id, lists[at] ?? []]))),
)

/** The same, as a map that holds each element. */
function asMap(slotsOf: ReadonlyMap<Tuple, Slots>): ReadonlyMap<Tuple, ElementValue> {
  return new Map(
    [...slotsOf].flatMap(([id, list]) =>
      list.map((value, slot): [Tuple, ElementValue] => [tuple(id, slot), value]),
    ),
  )
}

test('elements that are made of slots read like a map of them', () => {
  fc.assert(
    fc.property(held, (slotsOf) => {
      const elements = new SlotElements(slotsOf)
      const map = asMap(slotsOf)
      const visited: [Tuple, ElementValue][] = []
      elements.forEach((value, key, all) => {
        expect(all).toBe(elements)
        visited.push([key, value])
      })

      expect(elements.size).toBe(map.size)
      expect([...elements]).toEqual([...map])
      expect([...elements.entries()]).toEqual([...map])
      expect([...elements.keys()]).toEqual([...map.keys()])
      expect([...elements.values()]).toEqual([...map.values()])
      expect(visited).toEqual([...map])
      for (const [key, value] of map) {
        expect(elements.get(key)).toBe(value)
        expect(elements.has(key)).toBe(true)
      }
      for (const [id, list] of slotsOf) {
        for (const absent of [id, tuple(id, list.length), tuple('sctp', 1, 0)]) {
          expect(elements.get(absent)).toBe(undefined)
          expect(elements.has(absent)).toBe(false)
        }
      }
    }),
  )
})

test('elements that are made of slots follow the slots', () => {
  const id = tuple('10.0.0.1', 'tcp', 80)
  const first = { data: tuple('10.1.0.1', 8080) }
  const second = { data: tuple('10.1.0.2', 8080) }
  const slotsOf = new Map<Tuple, Slots>([[id, [first]]])
  const elements = new SlotElements(slotsOf)

  slotsOf.set(id, [first, second])

  expect([...elements]).toEqual([
    [tuple(id, 0), first],
    [tuple(id, 1), second],
  ])
})
