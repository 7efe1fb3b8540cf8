import { expect, test } from 'vitest'
import { setSchema } from '../../src/ruleset/nftables/set-schema.ts'
import {
  clientsSet,
  countSet,
  endpointsMap,
  FRONTS,
  meteredSet,
  REACHES,
  rangeOf,
  rangeSet,
  SETS,
  type SetId,
  seatedMap,
  seatMap,
  setNamed,
  setsOf,
  stickySet,
} from '../../src/ruleset/nftables/sets.ts'
import { rememberChain, remembering } from '../../src/ruleset/nftables/verdicts.ts'

function printed(id: SetId): readonly string[] {
  switch (id.kind) {
    case 'single':
      return [id.name]
    case 'front':
      return Object.values(setsOf(id.front))
    case 'endpoints':
      return [endpointsMap(id.front, id.reach)]
    case 'counted':
      return [countSet(id.front, id.reach, id.count)]
    case 'range':
      return [rangeSet(id.front, id.reach, id.most)]
    case 'seat':
      return [seatMap(id.front, id.reach, id.seat)]
    case 'sticky':
      return [stickySet(id.front, id.seats)]
    case 'seated':
      return [seatedMap(id.front)]
    case 'metered':
      return [meteredSet(id.front)]
    case 'clients':
      return [clientsSet(id.seat)]
  }
}

const numbers = [0, 1, 2, 10, 65_536]
const ids: readonly SetId[] = [
  ...Object.values(SETS).map((name) => ({ kind: 'single', name }) as const),
  ...FRONTS.flatMap((front): SetId[] => [
    { kind: 'front', front },
    { kind: 'seated', front },
    { kind: 'metered', front },
    ...numbers.map((seats) => ({ kind: 'sticky', front, seats }) as const),
    ...REACHES.flatMap((reach): SetId[] => [
      { kind: 'endpoints', front, reach },
      ...numbers.flatMap((number): SetId[] => [
        { kind: 'counted', front, reach, count: number },
        { kind: 'range', front, reach, most: number },
        { kind: 'seat', front, reach, seat: number },
      ]),
    ]),
  ]),
  ...numbers.map((seat) => ({ kind: 'clients', seat }) as const),
]

test('the name of each set tells what it is, and no two sets share a name', () => {
  const named = ids.flatMap((id) => printed(id).map((name) => [name, id] as const))
  for (const [name, id] of named) expect(setNamed(name)).toEqual(id)
  expect(new Set(named.map(([name]) => name)).size).toBe(named.length)
})

test.each([
  ...['', '-', '-3', 'services-', 'services-03', 'services--3', 'services-3.5', 'services-1e3'],
  ...['services-x', 'other-3', 'hairpin-1', 'endpoints-2', 'seat', 'local-seat-NaN', 'affinity-'],
])('a set named "%s" is none of nodelb', (name) => {
  expect(setNamed(name)).toBeUndefined()
  expect(setSchema('ip', name).key).toEqual(['ipv4_addr', 'inet_proto', 'inet_service'])
})

test.each([
  ...[1, 2, 3, 4].map((count) => [count, undefined] as const),
  ...[5, 16].map((count) => [count, 16] as const),
  ...[17, 64].map((count) => [count, 64] as const),
  ...[65, 256].map((count) => [count, 256] as const),
  ...[16_385, 65_536].map((count) => [count, 65_536] as const),
])('%i endpoints are in the range to %s', (count, most) => {
  expect(rangeOf(count)).toBe(most)
})

test('the name of a chain tells what it remembers', () => {
  expect(remembering(rememberChain(10_800, 5))).toEqual({ seconds: 10_800, seat: 5 })
  for (const name of ['remember', 'remember-5', 'remember-5-', 'remembered-5-3', 'x-remember-5-3'])
    expect(remembering(name)).toBeUndefined()
})
