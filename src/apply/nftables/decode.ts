import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { BaseHook, ElementValue, SetSchema } from '../../ruleset/nftables/types.ts'
import {
  AttributeWriter,
  messageAttributes,
  readText,
  readU32,
  readU64,
} from '../netlink/attributes.ts'
import type { Reply, Request } from '../netlink/message.ts'
import {
  CHAIN,
  ELEMENTS,
  FAMILY,
  FLAGS,
  familyName,
  MESSAGE,
  type NetfilterFamily,
  RULE,
  SET,
  TABLE,
} from './constants.ts'
import { ElementReader } from './element-reader.ts'
import { elementForm, writeElement } from './elements.ts'
import { digestOf } from './identify.ts'
import { readHook } from './rules.ts'
import { decodeSchema, isAnonymous } from './schema.ts'

/**
 * Decodes replies to dumps into what the kernel holds. Nothing here fails on what other programs
 * wrote: it becomes a value that differs from everything that nodelb wants.
 */

export interface FoundTable {
  /** Missing for families that nodelb does not use (inet, bridge, ...). */
  readonly family?: TableFamily
  readonly name: string
  /** NFT_TABLE_F_*: 1 dormant, 2 owned, 4 persistent. */
  readonly flags: number
  /** The netlink port of the process that owns the table. */
  readonly owner?: number
}

interface FoundChain {
  readonly table: string
  readonly name: string
  readonly base?: BaseHook
}

export interface FoundSet {
  readonly table: string
  readonly schema: SetSchema
  /** An anonymous set is part of a rule (`{ tcp, udp }`): it is neither compared nor deleted. */
  readonly anonymous: boolean
  /** How many elements it has; undefined before Linux 6.16. */
  readonly count: number | undefined
}

interface FoundRule {
  readonly table: string
  readonly chain: string
  readonly handle: bigint
  /** The digest, as in `ruleDigest`. */
  readonly digest: string
}

/** Returns the table in a reply to NFT_MSG_GETTABLE. */
export function decodeTable(reply: Reply): FoundTable {
  const found = messageAttributes(reply.payload)
  const family = familyName(reply.payload[0])
  const owner = found.get(TABLE.owner)
  return {
    ...(family === undefined ? {} : { family }),
    name: readText(found.get(TABLE.name)),
    flags: readU32(found.get(TABLE.flags)),
    ...(owner === undefined ? {} : { owner: readU32(owner) }),
  }
}

/** Returns the chain in a reply to NFT_MSG_GETCHAIN. */
export function decodeChain(reply: Reply): FoundChain {
  const found = messageAttributes(reply.payload)
  const base = readHook(found)
  return {
    table: readText(found.get(CHAIN.table)),
    name: readText(found.get(CHAIN.name)),
    ...(base === undefined ? {} : { base }),
  }
}

/** Returns the set in a reply to NFT_MSG_GETSET. */
export function decodeSet(reply: Reply): FoundSet {
  const found = messageAttributes(reply.payload)
  return {
    table: readText(found.get(SET.table)),
    schema: decodeSchema(found),
    anonymous: isAnonymous(found),
    count: found.has(SET.count) ? readU32(found.get(SET.count)) : undefined,
  }
}

/** Decodes all replies of one dump: the two ends of an interval may come in different replies. */
export function decodeElements(
  replies: readonly Reply[],
  schema: SetSchema,
): ReadonlyMap<Tuple, ElementValue> {
  const reader = new ElementReader(schema)
  for (const { payload } of replies) reader.read(payload)
  return reader.elements()
}

/** Returns the rule in a reply to NFT_MSG_GETRULE, with the digest of its expressions. */
export function decodeRule(reply: Reply): FoundRule {
  const found = messageAttributes(reply.payload)
  return {
    table: readText(found.get(RULE.table)),
    chain: readText(found.get(RULE.chain)),
    handle: readU64(found.get(RULE.handle)),
    digest: digestOf(found),
  }
}

/** Lists the tables of every family. */
export function listTables(): Request {
  return {
    type: MESSAGE.getTable,
    flags: FLAGS.dump,
    payload: new AttributeWriter(SMALL).family(0).finish(),
  }
}

/** Lists the chains of every table of the family, because the kernel cannot select. */
export function listChains(family: NetfilterFamily): Request {
  return list(MESSAGE.getChain, family)
}

/** Lists named counters, quotas and the like, and flow tables, of every table of the family. */
export function listOtherObjects(family: TableFamily): readonly Request[] {
  return [list(GET_OBJECT, family), list(GET_FLOW_TABLE, family)]
}

/** NFT_MSG_GETOBJ and NFT_MSG_GETFLOWTABLE. */
const GET_OBJECT = 0x0a13
const GET_FLOW_TABLE = 0x0a17

/**
 * Returns the table that an object is in: NFTA_OBJ_TABLE and NFTA_FLOWTABLE_TABLE have the same
 * number as NFTA_TABLE_NAME.
 */
export function tableOf(reply: Reply): string {
  return readText(messageAttributes(reply.payload).get(TABLE.name))
}

/** Returns a request for the sets of a table. */
export function listSets(family: NetfilterFamily, table: string): Request {
  return list(MESSAGE.getSet, family, (writer) => writer.text(SET.table, table))
}

/** Returns a request for the elements of a set. */
export function listElements(family: NetfilterFamily, table: string, set: string): Request {
  return list(MESSAGE.getElements, family, (writer) =>
    writer.text(ELEMENTS.table, table).text(ELEMENTS.set, set),
  )
}

/** Returns a request for the elements of a set that have these keys; it fails where one is missing. */
export function getElements(
  family: NetfilterFamily,
  table: string,
  set: SetSchema,
  keys: readonly Tuple[],
): Request {
  const writer = new AttributeWriter(SMALL).family(FAMILY[family])
  writer.text(ELEMENTS.table, table).text(ELEMENTS.set, set.name)
  const form = elementForm(set)
  writer.nested(ELEMENTS.list, () => {
    for (const key of keys) writeElement(writer, form, key)
  })
  return { type: MESSAGE.getElements, flags: 0, payload: writer.finish() }
}

/** Returns a request for the rules of a table. */
export function listRules(family: NetfilterFamily, table: string): Request {
  return list(MESSAGE.getRule, family, (writer) => writer.text(RULE.table, table))
}

function list(
  type: number,
  family: NetfilterFamily,
  select?: (writer: AttributeWriter) => void,
): Request {
  const writer = new AttributeWriter(SMALL).family(FAMILY[family])
  select?.(writer)
  return { type, flags: FLAGS.dump, payload: writer.finish() }
}

const SMALL = 1024
