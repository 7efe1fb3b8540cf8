import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/announce/eligibility.ts'
import { hashOrders, orderOf, rankingOf } from '../../src/announce/order.ts'
import type { Address } from '../../src/model/address.ts'

const address = '192.0.2.1' as Address

/** Counts the hashes, and gives them without a library. */
function counting() {
  const asked: string[] = []
  const digest = (text: string): Uint8Array => {
    asked.push(text)
    return createHash('sha256').update(text).digest()
  }
  return { asked, orders: hashOrders(digest) }
}

test('Nodes are ordered by the SHA-256 of their name and the address', () => {
  const nodes = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { maxLength: 20 })
  fc.assert(
    fc.property(nodes, fc.ipV4(), (names, text) => {
      const hex = (node: string) => createHash('sha256').update(`${node}#${text}`).digest('hex')
      const expected = names.toSorted((a, b) => (hex(a) < hex(b) ? -1 : 1))
      expect(hashOrders().of(text as Address, names)).toEqual(expected)
    }),
  )
})

test('a digest that begins like another is compared whole', () => {
  const last = (text: string) =>
    Uint8Array.from([...Array(31).fill(7), text.startsWith('b') ? 1 : 2])
  expect(hashOrders(last).of(address, ['a', 'b'])).toEqual(['b', 'a'])
  expect(hashOrders(last).of(address, ['b', 'a'])).toEqual(['b', 'a'])
})

describe('a hash', () => {
  test('is worked out once for a Node and an address', () => {
    const { asked, orders } = counting()
    orders.of(address, ['n1', 'n2'])
    orders.of(address, ['n1', 'n2'])
    expect(asked).toEqual(['n1#192.0.2.1', 'n2#192.0.2.1'])
    asked.length = 0
    orders.of(address, ['n0', 'n1', 'n2'])
    expect(asked).toEqual(['n0#192.0.2.1'])
  })

  test('is forgotten with its address, once many are gone', () => {
    const { asked, orders } = counting()
    const order = (at: Address) => orders.of(at, ['n1'])
    const many = Array.from({ length: 70 }, (_, i) => `192.0.2.${i}` as Address)
    for (const each of many) order(each)
    asked.length = 0
    orders.retain(new Set([address]))
    order(address)
    order('192.0.2.2' as Address)
    expect(asked).toEqual(['n1#192.0.2.2'])
  })
})

describe('the order', () => {
  const nodes = ['a', 'b', 'c', 'd']
  const order = (preferences: Record<string, number>, unsettled: readonly string[] = []) => {
    const candidates = new Map<string, Candidate>(
      Object.entries(preferences).map(([name, preference]) => {
        return [name, { preference, interfaces: undefined }]
      }),
    )
    const ranking = rankingOf(candidates, (name) => !unsettled.includes(name))
    return orderOf(ranking, nodes).join('')
  }

  test('has the highest preference first', () => {
    expect(order({ a: 0, b: 10, c: 110, d: 10 })).toBe('cbda')
  })

  test('has the settled before the others of the same preference', () => {
    expect(order({ a: 0, b: 0, c: 0, d: 0 }, ['a', 'c'])).toBe('bdac')
    expect(order({ a: 1, b: 0, c: 0, d: 0 }, ['a'])).toBe('abcd')
  })

  test('has candidates only', () => {
    expect(order({ d: 0, b: 0, elsewhere: 5 })).toBe('bd')
  })
})
