import type { ElementValue, FieldType, SetSchema, Tuple } from '../../ruleset/types.ts'
import { type AttributeWriter, eachAttribute, readU32 } from './attributes.ts'
import { decodeComment, writeComment } from './comment.ts'
import { CATCH_ALL_FLAG, DATA, ELEMENT, ELEMENTS, INTERVAL_END, LIST_ELEMENT } from './constants.ts'
import { isDecodable, isRangeKey } from './schema.ts'
import {
  decodeRange,
  decodeTuple,
  encodeRange,
  type TupleRange,
  tupleLength,
  writeTuple,
} from './tuple.ts'

/** Set elements: (key, value) <-> the list inside NEWSETELEM. */

export interface Element {
  readonly key: Tuple
  readonly value: ElementValue
}

/** nft's word for the element that stands for every key without one of its own; never ours. */
const CATCH_ALL = '*' as Tuple

/** Writes an element with its value, or the bare key that a deletion takes. */
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
    writeFields(writer, ELEMENT.data, set.data, value.data)
  }
  if (value.comment !== undefined) writeComment(writer, ELEMENT.userData, value.comment)
  writer.close(element)
}

/** A plain interval is two elements: its first address, and the one after its last, if there is one. */
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

/** An element of an anonymous `{ tcp, udp, sctp }`. */
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

function writeBytes(writer: AttributeWriter, type: number, bytes: Uint8Array): void {
  const opened = writer.open(type)
  writer.bytes(DATA.value, bytes).close(opened)
}

/** An element as it lies in a reply. */
interface RawElement {
  readonly key: Buffer
  readonly keyEnd: Buffer | undefined
  readonly data: Buffer | undefined
  readonly intervalEnd: boolean
  readonly comment: string | undefined
}

/** Elements of all replies to one dump; pieces of plain intervals are joined again. */
export function readElements(payloads: Iterable<Buffer>, set: SetSchema): Element[] {
  const raw: RawElement[] = []
  let catchAll = false
  for (const payload of payloads) {
    eachAttribute(payload, 4, payload.length, (type, start, end) => {
      if (type !== ELEMENTS.list) return
      eachAttribute(payload, start, end, (_type, from, to) => {
        const element = readElement(payload, from, to)
        if (element === undefined) catchAll = true
        else raw.push(element)
      })
    })
  }
  const elements = elementsOf(raw, set)
  if (catchAll) elements.push({ key: CATCH_ALL, value: {} })
  return elements
}

function elementsOf(raw: RawElement[], set: SetSchema): Element[] {
  if (!isDecodable(set)) return raw.map(foreignElement)
  if (set.interval && !isRangeKey(set)) return joinIntervals(raw, set)
  return raw.map((element) => ({ key: keyText(element, set), value: readValue(element, set) }))
}

/** Undefined for the catch-all element: it alone has no key. */
function readElement(payload: Buffer, from: number, to: number): RawElement | undefined {
  let key: Buffer | undefined
  let keyEnd: Buffer | undefined
  let data: Buffer | undefined
  let intervalEnd = false
  let comment: string | undefined
  eachAttribute(payload, from, to, (type, start, end) => {
    if (type === ELEMENT.key) key = dataValue(payload, start, end)
    else if (type === ELEMENT.keyEnd) keyEnd = dataValue(payload, start, end)
    else if (type === ELEMENT.data) data = dataValue(payload, start, end)
    else if (type === ELEMENT.userData) comment = decodeComment(payload, start, end)
    else if (type === ELEMENT.flags) {
      intervalEnd = (readU32(payload.subarray(start, end)) & INTERVAL_END) !== 0
    }
  })
  return key === undefined ? undefined : { key, keyEnd, data, intervalEnd, comment }
}

/** The bytes inside {VALUE}; a verdict has none. */
function dataValue(payload: Buffer, start: number, end: number): Buffer | undefined {
  let value: Buffer | undefined
  eachAttribute(payload, start, end, (type, from, to) => {
    if (type === DATA.value) value = payload.subarray(from, to)
  })
  return value
}

function keyText(element: RawElement, set: SetSchema): Tuple {
  if (element.key.length !== tupleLength(set.key)) return hex(element.key)
  if (!isRangeKey(set)) return decodeTuple(set.key, element.key)
  return decodeRange(set.key, { first: element.key, last: element.keyEnd ?? element.key })
}

function readValue({ data, comment }: RawElement, set: SetSchema): ElementValue {
  const value: { data?: Tuple; comment?: string } = {}
  if (data !== undefined && set.data !== undefined) {
    value.data = data.length === tupleLength(set.data) ? decodeTuple(set.data, data) : hex(data)
  }
  if (comment !== undefined) value.comment = comment
  return value
}

function foreignElement(element: RawElement): Element {
  return { key: hex(element.key), value: {} }
}

function joinIntervals(raw: RawElement[], set: SetSchema): Element[] {
  // Where one interval ends and the next begins the end comes first.
  raw.sort((a, b) => a.key.compare(b.key) || Number(b.intervalEnd) - Number(a.intervalEnd))
  const joined: Element[] = []
  for (const [i, element] of raw.entries()) {
    if (element.intervalEnd) continue
    const next = raw[i + 1]
    const last = next === undefined ? allOnes(element.key.length) : predecessor(next.key)
    const key = decodeRange(set.key, { first: element.key, last })
    joined.push({ key, value: readValue(element, set) })
  }
  return joined
}

function successor(bytes: Buffer): Buffer | undefined {
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

function hex(bytes: Buffer): Tuple {
  return `0x${bytes.toString('hex')}` as Tuple
}
