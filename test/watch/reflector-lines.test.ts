import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineSplitter } from '../../src/watch/api/lines.ts'

test('lines come out whole, wherever the bytes were cut', () => {
  const text = fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ''))
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 9 }))
  fc.assert(
    fc.property(fc.array(text), cuts, (lines, sizes) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const split = lineSplitter()
      const found: string[] = []
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value ?? 1
        found.push(...split(bytes.subarray(at, at + size)))
        at += size
      }
      expect(found).toEqual(lines)
    }),
  )
})

test('what no newline ends is no line yet', () => {
  const split = lineSplitter()
  expect(split(Buffer.from('{"a":'))).toEqual([])
  expect(split(Buffer.from('1}\n{"b"'))).toEqual(['{"a":1}'])
})

test('a line may have megabytes, and come in many pieces', () => {
  const split = lineSplitter()
  const piece = Buffer.alloc(16 * 1024, 'x')
  for (let i = 0; i < 1024; i++) expect(split(piece)).toEqual([])
  const [line] = split(Buffer.from('\n'))
  expect(line?.length).toBe(16 * 1024 * 1024)
})
