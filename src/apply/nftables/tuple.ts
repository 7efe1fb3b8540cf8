import { SEPARATOR, type Tuple, tuple } from '../../model/tuple.ts'
import type { FieldType } from '../../ruleset/nftables/types.ts'
import { CODECS, decimal, type Piece } from './fields.ts'

/**
 * Converts element keys and data between text as nft prints it and the bytes that the kernel
 * compares.
 */

/** Returns the bytes of one field, without padding. */
export function fieldWidth(type: FieldType): number {
  return CODECS[type].width
}

/**
 * Returns the bytes of a key: a single field is not padded; in a concatenation each is padded to
 * four.
 */
export function tupleLength(types: readonly FieldType[]): number {
  const [only] = types
  if (types.length === 1 && only !== undefined) return fieldWidth(only)
  let sum = 0
  for (const type of types) sum += padded(fieldWidth(type))
  return sum
}

/**
 * Writes a tuple without ranges; throws if it does not have these types. `target` must be zero from
 * `at` on for `tupleLength` bytes.
 */
export function writeTuple(
  types: readonly FieldType[],
  tuple: Tuple,
  target: Uint8Array,
  at: number,
): void {
  let position = at
  eachField(types, tuple, (type, piece) => {
    const codec = CODECS[type]
    codec.write(piece, target, position)
    position += padded(codec.width)
  })
}

/** Returns the text of the fields that the bytes hold. */
export function decodeTuple(types: readonly FieldType[], bytes: Buffer, at = 0): Tuple {
  const texts: string[] = []
  let position = at
  for (const type of types) {
    const codec = CODECS[type]
    texts.push(codec.read(bytes, position))
    position += padded(codec.width)
  }
  return tuple(...texts)
}

/** The first and last key of an interval element. */
export interface TupleRange {
  readonly first: Buffer
  readonly last: Buffer
}

/**
 * Returns the first and last key of a tuple whose fields may be prefixes or ranges; throws if it
 * does not have these types.
 */
export function encodeRange(types: readonly FieldType[], tuple: Tuple): TupleRange {
  const length = tupleLength(types)
  const range = { first: Buffer.alloc(length), last: Buffer.alloc(length) }
  let position = 0
  eachField(types, tuple, (type, { start, end }) => {
    writeFieldRange(type, tuple.slice(start, end), range, position)
    position += padded(fieldWidth(type))
  })
  return range
}

/** Returns the tuple, with prefixes where addresses form one, and ranges otherwise. */
export function decodeRange(types: readonly FieldType[], range: TupleRange): Tuple {
  const texts: string[] = []
  let position = 0
  for (const type of types) {
    texts.push(readFieldRange(type, range, position))
    position += padded(fieldWidth(type))
  }
  return tuple(...texts)
}

function writeFieldRange(
  type: FieldType,
  text: string,
  { first, last }: TupleRange,
  at: number,
): void {
  const { width, write } = CODECS[type]
  const slash = text.indexOf('/')
  const dash = text.indexOf('-')
  if (slash >= 0) {
    write({ text, start: 0, end: slash }, first, at)
    first.copy(last, at, at, at + width)
    fillHostBits(last, at, width, decimal(text, slash + 1, text.length, 8 * width))
    return
  }
  write({ text, start: 0, end: dash < 0 ? text.length : dash }, first, at)
  write({ text, start: dash + 1, end: text.length }, last, at)
}

function readFieldRange(type: FieldType, { first, last }: TupleRange, at: number): string {
  const { width, read } = CODECS[type]
  const low = first.subarray(at, at + width)
  const high = last.subarray(at, at + width)
  if (low.equals(high)) return read(low, 0)
  const length = type === 'ipv4_addr' || type === 'ipv6_addr' ? prefixLength(low, high) : undefined
  return length === undefined ? `${read(low, 0)}-${read(high, 0)}` : `${read(low, 0)}/${length}`
}

/**
 * Returns the length of the prefix that covers exactly this range; undefined where there is none.
 */
function prefixLength(first: Uint8Array, last: Uint8Array): number | undefined {
  let length = 0
  const bits = 8 * first.length
  while (length < bits && bitAt(first, length) === bitAt(last, length)) length++
  for (let bit = length; bit < bits; bit++) {
    if (bitAt(first, bit) !== 0 || bitAt(last, bit) !== 1) return undefined
  }
  return length
}

function fillHostBits(bytes: Buffer, at: number, width: number, length: number): void {
  for (let i = 0; i < width; i++) {
    const kept = Math.min(8, Math.max(0, length - 8 * i))
    bytes[at + i] = (bytes[at + i] ?? 0) | (0xff >> kept)
  }
}

function bitAt(bytes: Uint8Array, bit: number): number {
  return ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
}

/**
 * Passes the same piece object in each call, so that a long list of elements makes little garbage.
 */
function eachField(
  types: readonly FieldType[],
  text: Tuple,
  visit: (type: FieldType, piece: Piece) => void,
): void {
  const piece = { text, start: 0, end: text.length }
  for (let i = 0; i < types.length; i++) {
    const next = text.indexOf(SEPARATOR, piece.start)
    const last = i === types.length - 1
    if (next < 0 !== last) throw new Error(`"${text}" is not ${types.join(SEPARATOR)}`)
    piece.end = last ? text.length : next
    visit(types[i] as FieldType, piece)
    piece.start = next + SEPARATOR.length
  }
}

function padded(width: number): number {
  return (width + 3) & ~3
}
