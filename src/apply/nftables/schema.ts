import type { TableFamily } from '../../model/family.ts'
import type { FieldType, SetSchema } from '../../ruleset/nftables/types.ts'
import {
  type Attributes,
  type AttributeWriter,
  readAttributes,
  readText,
  readU32,
} from '../netlink/attributes.ts'
import { DESCRIPTION, LIST_ELEMENT, SET, SET_FLAG } from './constants.ts'
import { NFTA_EXPR } from './expression-attributes.ts'
import { fieldWidth, tupleLength } from './tuple.ts'
import { typeofUserData } from './typeof.ts'

/** Converts set declarations between SetSchema and the attributes of NEWSET. */

/** NFT_DATA_VERDICT of <linux/netfilter/nf_tables.h>: a number of the kernel's, not of nft's. */
const VERDICT = 0xffffff00

/** nft's numbers for its data types. A slot is an `integer` of four bytes. */
const TYPE_NUMBERS: Readonly<Record<FieldType, number>> = {
  ipv4_addr: 7,
  ipv6_addr: 8,
  inet_proto: 12,
  inet_service: 13,
  slot: 4,
}

const TYPE_BITS = 6
const TYPE_LIMIT = 1 << TYPE_BITS
const TYPE_NAMES: ReadonlyMap<number, FieldType> = new Map(
  (Object.keys(TYPE_NUMBERS) as FieldType[]).map((type) => [TYPE_NUMBERS[type], type]),
)

/** Writes the declaration of a set; `id` refers to it within the batch. */
export function writeSet(
  writer: AttributeWriter,
  family: TableFamily,
  set: SetSchema,
  id: number,
): void {
  writer
    .text(SET.name, set.name)
    .u32(SET.flags, setFlags(set))
    .u32(SET.keyType, foldTypes(set.key))
    .u32(SET.keyLength, tupleLength(set.key))
  if (set.data !== undefined) {
    if (set.data === 'verdict') writer.u32(SET.dataType, VERDICT)
    else writer.u32(SET.dataType, foldTypes(set.data)).u32(SET.dataLength, tupleLength(set.data))
  }
  writer.u32(SET.id, id)
  writeDescription(writer, set)
  if (set.counter) writer.nested(SET.expression, () => writer.text(NFTA_EXPR.name, COUNTER))
  if (needsTypeof(set)) writer.bytes(SET.userData, typeofUserData(family, set))
}

function setFlags(set: SetSchema): number {
  let flags = set.data === undefined ? 0 : SET_FLAG.map
  if (set.interval) flags |= SET_FLAG.interval
  if (isRangeKey(set)) flags |= SET_FLAG.concatenation
  if (set.learned !== undefined) flags |= SET_FLAG.dynamic | SET_FLAG.timeout
  return flags
}

/**
 * Returns whether an element spans from KEY to KEY_END, as in interval concatenations; plain
 * intervals have two elements.
 */
export function isRangeKey(set: SetSchema): boolean {
  return set.interval === true && set.key.length > 1
}

/**
 * nft cannot print `integer` without a width, so such a set is declared with `typeof` expressions.
 */
function needsTypeof(set: SetSchema): boolean {
  return set.key.includes('slot')
}

function writeDescription(writer: AttributeWriter, set: SetSchema): void {
  const size = set.learned?.size
  if (size === undefined && !isRangeKey(set)) return
  writer.nested(SET.description, () => {
    if (size !== undefined) writer.u32(DESCRIPTION.size, size)
    if (isRangeKey(set)) writeFieldLengths(writer, set.key)
  })
}

function writeFieldLengths(writer: AttributeWriter, key: readonly FieldType[]): void {
  writer.nested(DESCRIPTION.concatenation, () => {
    for (const type of key) {
      const opened = writer.open(LIST_ELEMENT)
      // nft rounds up as well: the fields of the key are padded.
      writer.u32(DESCRIPTION.fieldLength, (fieldWidth(type) + 3) & ~3)
      writer.close(opened)
    }
  })
}

function foldTypes(types: readonly FieldType[]): number {
  return types.reduce((folded, type) => folded * TYPE_LIMIT + TYPE_NUMBERS[type], 0)
}

/**
 * Decodes a declaration. A set that is not nodelb's gets a key type that no wanted set has, so that
 * the plan replaces it.
 */
export function decodeSchema(found: Attributes): SetSchema {
  const name = readText(found.get(SET.name))
  const key = unfoldTypes(readU32(found.get(SET.keyType)))
  const flags = readU32(found.get(SET.flags))
  const size = readU32(readAttributes(found.get(SET.description) ?? NOTHING).get(DESCRIPTION.size))
  const learned = (flags & SET_FLAG.dynamic) !== 0
  const schema: SetSchema = {
    name,
    key: key ?? [unknownType(`key type ${readU32(found.get(SET.keyType))}`)],
    ...(flags & SET_FLAG.map ? { data: dataTypes(readU32(found.get(SET.dataType))) } : {}),
    ...(flags & SET_FLAG.interval ? { interval: true } : {}),
    ...(learned ? { learned: { size } } : {}),
    ...(counts(found) ? { counter: true } : {}),
  }
  const trouble = foreignTrait(found, schema, flags, size)
  return trouble === undefined ? schema : { ...schema, key: [unknownType(trouble)] }
}

const NOTHING = Buffer.alloc(0)

function foreignTrait(
  found: Attributes,
  schema: SetSchema,
  flags: number,
  size: number,
): string | undefined {
  if (!isDecodable(schema)) return schema.key.join(' . ')
  if (flags !== setFlags(schema)) return `flags 0x${flags.toString(16)}`
  if (schema.learned === undefined && size !== 0) return `size ${size}`
  if (readU32(found.get(SET.keyLength)) !== tupleLength(schema.key)) return 'key length'
  if (schema.data !== undefined && schema.data !== 'verdict') {
    const length = readU32(found.get(SET.dataLength))
    if (length !== tupleLength(schema.data)) return 'data length'
  }
  if (found.has(SET.timeout)) return 'default timeout'
  const expressions = found.has(SET.expression) || found.has(SET.expressions)
  return expressions && !schema.counter ? 'expressions' : undefined
}

/** Returns whether each element has a counter, and nothing else that keeps a state. */
function counts(found: Attributes): boolean {
  const expression = found.get(SET.expression)
  return (
    expression !== undefined && readText(readAttributes(expression).get(NFTA_EXPR.name)) === COUNTER
  )
}

/** The kernel's name of the expression that counts packets and bytes (nft_counter.c). */
const COUNTER = 'counter'

/** Returns whether all field types of keys and data are known, so that elements can be decoded. */
export function isDecodable(set: SetSchema): boolean {
  const data = set.data === 'verdict' ? [] : (set.data ?? [])
  return [...set.key, ...data].every((type) => Object.hasOwn(TYPE_NUMBERS, type))
}

function dataTypes(folded: number): readonly FieldType[] | 'verdict' {
  if (folded === VERDICT) return 'verdict'
  return unfoldTypes(folded) ?? [unknownType(`data type ${folded}`)]
}

function unfoldTypes(folded: number): readonly FieldType[] | undefined {
  const types: FieldType[] = []
  for (let rest = folded; rest > 0; rest = Math.floor(rest / TYPE_LIMIT)) {
    const type = TYPE_NAMES.get(rest % TYPE_LIMIT)
    if (type === undefined) return undefined
    types.unshift(type)
  }
  return types.length === 0 ? undefined : types
}

/** Returns text that differs from every type and says why. */
function unknownType(note: string): FieldType {
  return `unknown (${note})` as FieldType
}

/** The set `{ tcp, udp, sctp }` of a rule, which has no name and exists only with the rule. */
export const ANONYMOUS_NAME = '__set%d'
export const PORT_PROTOCOLS: readonly number[] = [6, 17, 132]

/** Writes the declaration of an anonymous `{ tcp, udp, sctp }`. */
export function writeProtocolSet(writer: AttributeWriter, id: number): void {
  writer
    .text(SET.name, ANONYMOUS_NAME)
    .u32(SET.flags, SET_FLAG.anonymous | SET_FLAG.constant)
    .u32(SET.keyType, TYPE_NUMBERS.inet_proto)
    .u32(SET.keyLength, 1)
    .u32(SET.id, id)
    .nested(SET.description, () => writer.u32(DESCRIPTION.size, PORT_PROTOCOLS.length))
}

/** Returns whether the set is a part of a rule (NFT_SET_ANONYMOUS). */
export function isAnonymous(found: Attributes): boolean {
  return (readU32(found.get(SET.flags)) & SET_FLAG.anonymous) !== 0
}
