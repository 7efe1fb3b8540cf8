import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConnectionCount, ConnectionTotals } from '../../src/frontend/connection-totals.ts'
import { allAtOnce } from '../../src/model/steps.ts'
import type { Tuple } from '../../src/model/tuple.ts'

const [WEB, API] = ['shop/web:http load-balancer', 'shop/api:http load-balancer']

function count(id: string, connections: number, label = WEB): ConnectionCount {
  return { family: 'ip', id: id as Tuple, label, connections }
}

function totalsAfter(...readings: readonly (readonly ConnectionCount[])[]): Record<string, number> {
  const totals = new ConnectionTotals()
  for (const reading of readings) allAtOnce(totals.take(reading))
  return Object.fromEntries(totals.all())
}

describe('connections to a port of a Service', () => {
  test('are counted from the first reading on', () => {
    expect(totalsAfter()).toEqual({})
    expect(totalsAfter([count('a', 900)])).toEqual({ [WEB]: 0 })
    expect(totalsAfter([count('a', 900)], [count('a', 903)])).toEqual({ [WEB]: 3 })
  })

  test('to all its addresses are added up, those of a new address from its beginning', () => {
    expect(totalsAfter([count('a', 5)], [count('a', 6), count('b', 10)])).toEqual({ [WEB]: 11 })
  })

  test('go on when a counter begins anew, and when an address goes', () => {
    expect(totalsAfter([count('a', 50)], [count('a', 60)], [count('a', 4)])).toEqual({ [WEB]: 14 })
    const both = [count('a', 1), count('b', 2)]
    expect(totalsAfter([], both, [count('a', 1)])).toEqual({ [WEB]: 3 })
  })

  test('are those of the Service that has the address when they are read', () => {
    const readings = [[count('a', 5)], [count('a', 7)], [count('a', 8, API)]]
    expect(totalsAfter(...readings)).toEqual({ [API]: 1 })
  })

  test('are not lost or counted twice where one listing leaves something out or doubles it', () => {
    expect(totalsAfter([count('a', 5)], [count('a', 9)], [], [count('a', 10)])).toEqual({
      [WEB]: 5,
    })
    expect(totalsAfter([count('a', 5)], [count('a', 9), count('a', 9)])).toEqual({ [WEB]: 4 })
  })

  test('of a Service that is gone are forgotten', () => {
    expect(totalsAfter([count('a', 5)], [count('a', 9)], [])).toEqual({})
    expect(totalsAfter([count('a', 5)], [count('a', 9)], [], [], [count('a', 2)])).toEqual({
      [WEB]: 2,
    })
  })
})

/** What happens between two readings: connections begin, or a counter is made anew. */
const happening = fc.record({
  address: fc.constantFrom('a', 'b', 'c'),
  begun: fc.nat(1000),
  anew: fc.boolean(),
})

test('never fall, are never more than began, and are all that began while no counter is made anew', () => {
  const rounds = fc.array(fc.array(happening, { maxLength: 3 }), { maxLength: 8 })
  fc.assert(
    fc.property(rounds, (happenings) => {
      const kernel = new Map([...'abc'].map((id) => [id, 500]))
      const totals = new ConnectionTotals()
      const read = (): number => {
        allAtOnce(totals.take([...kernel].map(([id, connections]) => count(id, connections))))
        return totals.all().get(WEB) ?? Number.NaN
      }
      let [last, began, whole] = [read(), 0, true]
      expect(last).toBe(0)
      for (const round of happenings) {
        for (const { address, begun, anew } of round) {
          kernel.set(address, (anew ? 0 : (kernel.get(address) ?? 0)) + begun)
          began += begun
          whole &&= !anew
        }
        const now = read()
        expect(now).toBeGreaterThanOrEqual(last)
        expect(now).toBeLessThanOrEqual(began)
        if (whole) expect(now).toBe(began)
        last = now
      }
    }),
  )
})
