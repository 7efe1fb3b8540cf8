import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answer, AnswerReader } from '../../../src/apply/bgp/answers.ts'

const encoder = new TextEncoder()

function bytesOf(answers: readonly Answer[]): Uint8Array {
  const parts = answers.flatMap(({ text, code }) => [...encoder.encode(text), 0, 0, 0, code])
  return Uint8Array.from(parts)
}

/** The code may be a zero as well. */
const answer = fc.record({
  code: fc.constantFrom(0, 2, 13),
  text: fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
})

test('answers are put together however the bytes arrive', () => {
  fc.assert(
    fc.property(fc.array(answer), fc.infiniteStream(fc.nat(5)), (answers, sizes) => {
      const bytes = bytesOf(answers)
      const reader = new AnswerReader(1_000)
      const found: Answer[] = []
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value ?? 0
        const read = reader.read(bytes.subarray(at, at + size))
        if (read.kind === 'unreadable') throw new Error(read.reason)
        found.push(...read.answers)
        at += size
      }
      expect(found).toEqual(answers)
    }),
  )
})

test('an answer may be as long as the limit, and not longer', () => {
  const long = { code: 0, text: 'x'.repeat(100) }
  expect(new AnswerReader(100).read(bytesOf([long, long]))).toEqual({
    kind: 'answers',
    answers: [long, long],
  })
  expect(new AnswerReader(99).read(encoder.encode(long.text))).toEqual({
    kind: 'unreadable',
    reason: 'an answer is longer than 99 bytes',
  })
})

test('what has another end than three zeros is not understood', () => {
  expect(new AnswerReader(100).read(encoder.encode('text\0\0x'))).toEqual({
    kind: 'unreadable',
    reason: 'an answer does not end with three zeros and a code',
  })
})
