import { expect, test } from 'vitest'
import { NO_OFFERS, offerName, offerOf, offersOf } from '../../src/announce/offers.ts'
import type { Address } from '../../src/model/address.ts'
import { present } from '../../src/model/present.ts'

const one = '192.0.2.1' as Address
const two = '2001:db8::1' as Address
const only = (node: string, ...addresses: readonly Address[]) =>
  new Map([[node, new Set(addresses)]])

test('an offer is the same as long as it offers the same, and another one when it does not', () => {
  const first = offersOf(NO_OFFERS, only('b', one, two))
  expect(offersOf(first, only('b', two, one))).toBe(first)
  const fewer = offersOf(first, only('b', one))
  const other = offersOf(first, only('c', one, two))
  const numbers = [first, fewer, other].map(({ open }) => [...open.values()][0]?.number)
  expect(numbers).toEqual([1, 2, 2])
  expect(offersOf(first, new Map()).open.size).toBe(0)
})

test('what was taken back and is offered again is another offer', () => {
  const first = offersOf(NO_OFFERS, only('b', one))
  const again = offersOf(offersOf(first, new Map()), only('b', one))
  expect([...again.open.values()].map(({ number }) => number)).toEqual([2])
})

test('an offer is found by what it offers, and only so', () => {
  const offers = offersOf(NO_OFFERS, only('b', one))
  expect(offerOf(offers, 'b', new Set([one]))?.number).toBe(1)
  expect(offerOf(offers, 'b', new Set([two]))).toBeUndefined()
  expect(offerOf(offers, 'b', new Set())).toBeUndefined()
  expect(offerOf(offers, 'c', new Set([one]))).toBeUndefined()
})

test('no two runs of an agent give an offer the same name, and numbers begin anew after 2^24', () => {
  const offer = present(offerOf(offersOf(NO_OFFERS, only('b', one)), 'b', new Set([one])))
  const names = [1, 2, 1_764_208_000_000, 1_764_208_000_001].map((run) => offerName(run, offer))
  expect(names[0]).toBe('0000000001000001')
  expect(new Set(names).size).toBe(names.length)
  expect(names.every((name) => /^[0-9a-f]{16}$/.test(name))).toBe(true)
  const last = { count: 2 ** 24 - 1, open: new Map() }
  expect([...offersOf(last, only('b', one)).open.values()][0]?.number).toBe(0)
})
