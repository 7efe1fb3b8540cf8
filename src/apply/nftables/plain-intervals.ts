import type { Tuple } from '../../model/tuple.ts'
import type { ElementValue, SetSchema } from '../../ruleset/nftables/types.ts'
import { decodeRange } from './tuple.ts'

/**
 * Intervals of sets with one field: the kernel holds two elements for each, its start and its end.
 */

/** The start or end of an interval; it outlives the reply that it came in. */
export interface Piece {
  readonly key: Buffer
  readonly intervalEnd: boolean
  readonly value: ElementValue
}

/** Returns the elements that the pieces add up to; sorts `pieces` in place. */
export function* joinIntervals(
  pieces: Piece[],
  set: SetSchema,
): Iterable<readonly [Tuple, ElementValue]> {
  // Where one interval ends and the next one begins, the end comes first.
  pieces.sort((a, b) => a.key.compare(b.key) || Number(b.intervalEnd) - Number(a.intervalEnd))
  for (const [i, { key: first, intervalEnd, value }] of pieces.entries()) {
    if (intervalEnd) continue
    const next = pieces[i + 1]
    const last = next === undefined ? allOnes(first.length) : predecessor(next.key)
    yield [decodeRange(set.key, { first, last }), value]
  }
}

/** Returns the key after this one; undefined after the last key. */
export function successor(bytes: Buffer): Buffer | undefined {
  const next = Buffer.from(bytes)
  for (let i = next.length - 1; i >= 0; i--) {
    const byte = next[i] ?? 0
    next[i] = (byte + 1) & 0xff
    if (byte !== 0xff) return next
  }
  return undefined
}

function predecessor(bytes: Buffer): Buffer {
  const previous = Buffer.from(bytes)
  for (let i = previous.length - 1; i >= 0; i--) {
    const byte = previous[i] ?? 0
    previous[i] = (byte - 1) & 0xff
    if (byte !== 0) break
  }
  return previous
}

function allOnes(length: number): Buffer {
  return Buffer.alloc(length, 0xff)
}
