import type { Tuple } from '../../model/tuple.ts'
import type { ElementValue, FieldType, SetSchema } from '../../ruleset/nftables/types.ts'
import { chainCalledBy, goTo } from '../../ruleset/nftables/verdicts.ts'
import {
  type AttributeWriter,
  eachAttribute,
  readAttributes,
  readText,
  readU32,
} from '../netlink/attributes.ts'
import { decodeComment, writeComment } from './comment.ts'
import {
  CATCH_ALL_FLAG,
  DATA,
  ELEMENT,
  ELEMENTS,
  GOTO,
  INTERVAL_END,
  LIST_ELEMENT,
  VERDICT,
} from './constants.ts'
import { joinIntervals, type Piece, successor } from './plain-intervals.ts'
import { isDecodable, isRangeKey } from './schema.ts'
import {
  decodeRange,
  decodeTuple,
  encodeRange,
  type TupleRange,
  tupleLength,
  writeTuple,
} from './tuple.ts'

/** Converts set elements between (key, value) and the list inside NEWSETELEM. */

/**
 * nft's word for the element that stands for every key without an element; nodelb never writes one.
 */
const CATCH_ALL = '*' as Tuple

/**
 * Writes an element with its value, or the bare key for a deletion. Throws if the key or the value
 * does not fit the set.
 */
export function writeElement(
  writer: AttributeWriter,
  set: SetSchema,
  key: Tuple,
  value: ElementValue = {},
): void {
  if (key === CATCH_ALL) {
    const element = writer.open(LIST_ELEMENT)
    writer.u32(ELEMENT.flags, CATCH_ALL_FLAG).close(element)
    return
  }
  if (set.interval && !isRangeKey(set)) {
    writeInterval(writer, encodeRange(set.key, key), value)
    return
  }
  const element = writer.open(LIST_ELEMENT)
  if (isRangeKey(set)) {
    const range = encodeRange(set.key, key)
    writeBytes(writer, ELEMENT.key, range.first)
    writeBytes(writer, ELEMENT.keyEnd, range.last)
  } else {
    writeFields(writer, ELEMENT.key, set.key, key)
  }
  if (set.data !== undefined && value.data !== undefined) {
    if (set.data === 'verdict') writeVerdict(writer, value)
    else writeFields(writer, ELEMENT.data, set.data, value.data)
  }
  if (value.comment !== undefined) writeComment(writer, ELEMENT.userData, value.comment)
  writer.close(element)
}

/**
 * Writes a plain interval as two elements: its first address, and the address after its last one,
 * if there is one.
 */
function writeInterval(writer: AttributeWriter, range: TupleRange, value: ElementValue): void {
  const start = writer.open(LIST_ELEMENT)
  writeBytes(writer, ELEMENT.key, range.first)
  if (value.comment !== undefined) writeComment(writer, ELEMENT.userData, value.comment)
  writer.close(start)
  const after = successor(range.last)
  if (after === undefined) return
  const end = writer.open(LIST_ELEMENT)
  writer.u32(ELEMENT.flags, INTERVAL_END)
  writeBytes(writer, ELEMENT.key, after)
  writer.close(end)
}

/** Writes an element of an anonymous `{ tcp, udp, sctp }`. */
export function writeProtocol(writer: AttributeWriter, protocol: number): void {
  const element = writer.open(LIST_ELEMENT)
  writeBytes(writer, ELEMENT.key, Buffer.from([protocol]))
  writer.close(element)
}

function writeFields(
  writer: AttributeWriter,
  type: number,
  fields: readonly FieldType[],
  tuple: Tuple,
): void {
  const opened = writer.open(type)
  const at = writer.zeros(DATA.value, tupleLength(fields))
  writeTuple(fields, tuple, writer.target, at)
  writer.close(opened)
}

function writeVerdict(writer: AttributeWriter, value: ElementValue): void {
  const chain = chainCalledBy(value)
  if (chain === undefined) throw new Error(`"${value.data}" is no verdict`)
  writer.nested(ELEMENT.data, () => {
    writer.nested(DATA.verdict, () => writer.i32(VERDICT.code, GOTO).text(VERDICT.chain, chain))
  })
}

function writeBytes(writer: AttributeWriter, type: number, bytes: Uint8Array): void {
  const opened = writer.open(type)
  writer.bytes(DATA.value, bytes).close(opened)
}

/** The parts of an element in a reply. */
interface RawElement {
  readonly key: Buffer
  readonly keyEnd: Buffer | undefined
  readonly data: Buffer | undefined
  readonly verdict: Tuple | undefined
  readonly intervalEnd: boolean
  readonly comment: string | undefined
}

/**
 * Takes the replies to a dump of a set one by one, because all of them together are larger than
 * their content. Only the pieces of plain intervals have to wait for the rest.
 */
export class ElementReader {
  readonly #set: SetSchema
  readonly #elements: Map<Tuple, ElementValue> = new Map()
  readonly #pieces: Piece[] = []
  /**
   * Elements with equal data and no comment share one value, such as all those that lead to one
   * endpoint.
   */
  readonly #values: Map<Tuple, ElementValue> = new Map()

  constructor(set: SetSchema) {
    this.#set = set
  }

  /** Adds the elements of one reply. */
  take(payload: Buffer): void {
    eachAttribute(payload, 4, payload.length, (type, start, end) => {
      if (type !== ELEMENTS.list) return
      eachAttribute(payload, start, end, (_type, from, to) => {
        this.#takeElement(readElement(payload, from, to))
      })
    })
  }

  /** Returns the elements; plain intervals are complete only after the last reply. */
  elements(): ReadonlyMap<Tuple, ElementValue> {
    for (const [key, value] of joinIntervals(this.#pieces, this.#set)) {
      this.#elements.set(key, value)
    }
    return this.#elements
  }

  #takeElement(element: RawElement | undefined): void {
    const set = this.#set
    if (element === undefined) this.#elements.set(CATCH_ALL, NOTHING)
    else if (!isDecodable(set)) this.#elements.set(hex(element.key), NOTHING)
    else if (set.interval && !isRangeKey(set)) this.#pieces.push(pieceOf(element, set))
    else this.#elements.set(keyText(element, set), this.#shared(readValue(element, set)))
  }

  #shared(value: ElementValue): ElementValue {
    if (value.data === undefined || value.comment !== undefined) return value
    const known = this.#values.get(value.data)
    if (known === undefined) this.#values.set(value.data, value)
    return known ?? value
  }
}

/** The value of all elements that have nothing but a key. */
const NOTHING: ElementValue = {}

/** Returns undefined for the catch-all element, the only one without a key. */
function readElement(payload: Buffer, from: number, to: number): RawElement | undefined {
  let key: Buffer | undefined
  let keyEnd: Buffer | undefined
  let data: Buffer | undefined
  let verdict: Tuple | undefined
  let intervalEnd = false
  let comment: string | undefined
  eachAttribute(payload, from, to, (type, start, end) => {
    if (type === ELEMENT.key) key = dataValue(payload, start, end)
    else if (type === ELEMENT.keyEnd) keyEnd = dataValue(payload, start, end)
    else if (type === ELEMENT.data) {
      data = dataValue(payload, start, end)
      if (data === undefined) verdict = verdictText(payload, start, end)
    } else if (type === ELEMENT.userData) comment = decodeComment(payload, start, end)
    else if (type === ELEMENT.flags) {
      intervalEnd = (readU32(payload.subarray(start, end)) & INTERVAL_END) !== 0
    }
  })
  return key === undefined ? undefined : { key, keyEnd, data, verdict, intervalEnd, comment }
}

/** Returns the bytes inside NFTA_DATA_VALUE; a verdict has none. */
function dataValue(payload: Buffer, start: number, end: number): Buffer | undefined {
  let value: Buffer | undefined
  eachAttribute(payload, start, end, (type, from, to) => {
    if (type === DATA.value) value = payload.subarray(from, to)
  })
  return value
}

/** Returns `goto CHAIN`, or text for another program's verdict, which only has to differ. */
function verdictText(payload: Buffer, start: number, end: number): Tuple | undefined {
  let text: Tuple | undefined
  eachAttribute(payload, start, end, (type, from, to) => {
    if (type !== DATA.verdict) return
    const found = readAttributes(payload.subarray(from, to))
    const code = readU32(found.get(VERDICT.code)) | 0
    const chain = readText(found.get(VERDICT.chain))
    text = code === GOTO ? goTo(chain) : (`verdict ${code} ${chain}` as Tuple)
  })
  return text
}

function keyText(element: RawElement, set: SetSchema): Tuple {
  if (element.key.length !== tupleLength(set.key)) return hex(element.key)
  if (!isRangeKey(set)) return decodeTuple(set.key, element.key)
  return decodeRange(set.key, { first: element.key, last: element.keyEnd ?? element.key })
}

function readValue(element: RawElement, set: SetSchema): ElementValue {
  const { data: bytes, verdict, comment } = element
  const data = bytes === undefined ? verdict : dataText(bytes, set)
  if (data === undefined) return comment === undefined ? NOTHING : { comment }
  return comment === undefined ? { data } : { data, comment }
}

function dataText(bytes: Buffer, { data: types }: SetSchema): Tuple | undefined {
  if (types === undefined) return undefined
  if (types === 'verdict') return hex(bytes)
  return bytes.length === tupleLength(types) ? decodeTuple(types, bytes) : hex(bytes)
}

function pieceOf(element: RawElement, set: SetSchema): Piece {
  const { key, intervalEnd } = element
  return { key: Buffer.from(key), intervalEnd, value: readValue(element, set) }
}

function hex(bytes: Buffer): Tuple {
  return `0x${bytes.toString('hex')}` as Tuple
}
