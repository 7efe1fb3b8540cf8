import type { Tuple } from '../../model/tuple.ts'
import type { ElementValue, FieldType, SetSchema } from '../../ruleset/nftables/types.ts'
import { chainCalledBy } from '../../ruleset/nftables/verdicts.ts'
import type { AttributeWriter } from '../netlink/attributes.ts'
import { writeComment } from './comment.ts'
import {
  CATCH_ALL_FLAG,
  DATA,
  ELEMENT,
  GOTO,
  INTERVAL_END,
  LIST_ELEMENT,
  VERDICT,
} from './constants.ts'
import { successor } from './plain-intervals.ts'
import { isRangeKey } from './schema.ts'
import { encodeRange, type TupleRange, tupleLength, writeTuple } from './tuple.ts'

/**
 * nft's word for the element that stands for every key without an element; nodelb never writes one.
 */
export const CATCH_ALL = '*' as Tuple

/** How the elements of a set are written, worked out once for many of them. */
export interface ElementForm {
  readonly key: readonly FieldType[]
  readonly data: SetSchema['data'] | undefined
  /** `plain`: an interval of single fields, which takes two elements. */
  readonly interval: 'none' | 'plain' | 'range-key'
}

/** Returns how the elements of this set are written. */
export function elementForm(set: SetSchema): ElementForm {
  const { key, data, interval } = set
  return { key, data, interval: !interval ? 'none' : isRangeKey(set) ? 'range-key' : 'plain' }
}

/**
 * Writes an element with its value, or the bare key for a deletion. Throws if the key or the value
 * does not fit the set.
 */
export function writeElement(
  writer: AttributeWriter,
  form: ElementForm,
  key: Tuple,
  value: ElementValue = {},
): void {
  if (key === CATCH_ALL) {
    const element = writer.open(LIST_ELEMENT)
    writer.u32(ELEMENT.flags, CATCH_ALL_FLAG).close(element)
    return
  }
  if (form.interval === 'plain') {
    writeInterval(writer, encodeRange(form.key, key), value)
    return
  }
  const element = writer.open(LIST_ELEMENT)
  if (form.interval === 'range-key') {
    const range = encodeRange(form.key, key)
    writeBytes(writer, ELEMENT.key, range.first)
    writeBytes(writer, ELEMENT.keyEnd, range.last)
  } else {
    writeFields(writer, ELEMENT.key, form.key, key)
  }
  if (form.data !== undefined && value.data !== undefined) {
    if (form.data === 'verdict') writeVerdict(writer, value)
    else writeFields(writer, ELEMENT.data, form.data, value.data)
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
