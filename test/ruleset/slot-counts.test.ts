import { expect, test } from 'vitest'
import { tuple } from '../../src/model/tuple.ts'
import { slotCounts } from '../../src/ruleset/nftables/slot-counts.ts'

const elements = (...keys: readonly string[]) => new Map(keys.map((key) => [tuple(key), {}]))

const table = new Map([
  ['services', elements('a', 'b', 'c')],
  ['services-2', elements('b')],
  ['services-50', elements('c')],
  ['local-services', elements('b')],
  ['local-services-3', elements('b')],
  ['node-ports-4', elements('d')],
])

test.each([
  ['endpoints', { a: 1, b: 2, c: 50 }],
  ['local-endpoints', { b: 3 }],
  ['node-port-endpoints', { d: 4 }],
  ['node-port-local-endpoints', {}],
])('the sets of a table tell how many slots each frontend has in %s', (map, counts) => {
  expect(Object.fromEntries(slotCounts(map, table) ?? [])).toEqual(counts)
})

test('they tell nothing of a set that is no endpoints map', () => {
  expect(slotCounts('services', table)).toBeUndefined()
  expect(slotCounts('of another program', table)).toBeUndefined()
})
