import fc from 'fast-check'
import { expect, test } from 'vitest'
import { merge, type Span, without } from '../../src/model/address-range.ts'

const span: fc.Arbitrary<Span> = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 6 }))
  .map(([first, more]) => ({ first: BigInt(first), last: BigInt(first + more) }))
const spans = fc.array(span, { maxLength: 6 })

/** All numbers, one by one. */
function numbers(of: readonly Span[]): readonly bigint[] {
  return of.flatMap(({ first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, at) => first + BigInt(at)),
  )
}

test('merged spans have the same numbers, each once, and no two touch', () => {
  fc.assert(
    fc.property(spans, (given) => {
      const merged = merge(given)
      const all = [...new Set(numbers(given))].sort((a, b) => Number(a - b))
      expect(numbers(merged)).toEqual(all)
      for (const [at, { last }] of merged.entries()) {
        const next = merged[at + 1]
        if (next !== undefined) expect(next.first > last + 1n).toBe(true)
      }
    }),
  )
})

test('what is cut from spans is gone, and the rest is in the same order', () => {
  fc.assert(
    fc.property(spans, spans, (given, cuts) => {
      const gone = new Set(numbers(cuts))
      const rest = numbers(given).filter((each) => !gone.has(each))
      expect(numbers(without(given, merge(cuts)))).toEqual(rest)
    }),
  )
})
