import koffi from 'koffi'
import { expect, test } from 'vitest'
import { returnSpareMemory } from '../../../src/apply/machine/spare-memory.ts'

const MB = 1 << 20
/** Less than what glibc takes from the kernel piece by piece, and gives back at once. */
const PIECE = 64 << 10
const PIECES = 1_500

test('memory that was freed behind memory in use is given back', () => {
  const libc = koffi.load(null)
  const malloc = libc.func('void *malloc(size_t)')
  const memset = libc.func('void *memset(void *, int, size_t)')
  const free = libc.func('void free(void *)')
  const pieces = Array.from({ length: PIECES }, () => {
    const piece = malloc(PIECE)
    memset(piece, 1, PIECE)
    return piece
  })
  const last = pieces.pop()
  for (const piece of pieces) free(piece)
  const before = process.memoryUsage.rss()
  returnSpareMemory()
  const after = process.memoryUsage.rss()
  free(last)
  expect((before - after) / MB).toBeGreaterThan((PIECES * PIECE) / MB / 2)
})
