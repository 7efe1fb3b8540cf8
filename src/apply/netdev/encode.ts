import { type Address, addressBytes } from '../../model/address.ts'
import type { Operation, Plan } from '../../plan/netdev/operation.ts'
import { offerKey, priorityOf, TAKEN_SET } from '../../ruleset/netdev/handover.ts'
import {
  ANNOUNCE_TABLE,
  type Rule,
  type SetKind,
  SWITCH_KEY,
  SWITCH_SET,
} from '../../ruleset/netdev/types.ts'
import { AttributeWriter, readAttributes } from '../netlink/attributes.ts'
import type { Request } from '../netlink/message.ts'
import {
  CHAIN,
  DATA,
  ELEMENT,
  ELEMENTS,
  FAMILY,
  FLAGS,
  HOOK,
  LIST_ELEMENT,
  MESSAGE,
  RULE,
  SET,
  SET_FLAG,
  TABLE,
} from '../nftables/constants.ts'
import { digestOf } from '../nftables/identify.ts'
import { writeExpressions } from './expressions.ts'

/** Encodes plans for the netdev table as the messages of one batch. */

/** A message, with the operation that it is a part of. */
interface Encoded {
  readonly request: Request
  readonly operation: Operation
}

/** Encodes a plan for the table of this name; another name serves a trial. */
export function encodePlan(plan: Plan, table: string = ANNOUNCE_TABLE): readonly Encoded[] {
  const writer = new AttributeWriter(CHUNK)
  return plan.flatMap((operation, index) => {
    const begin = (): AttributeWriter => writer.family(FAMILY.netdev).text(TABLE.name, table)
    const requests = encode({ begin, id: index + 1 }, operation)
    return requests.map((request) => ({ request, operation }))
  })
}

const CHUNK = 65_536
/** Elements in one message, whose length has 16 bits. */
const KEYS = 1_000

interface Batch {
  /** Begins a message about the table. */
  readonly begin: () => AttributeWriter
  /** A number of its own for a set in this batch. */
  readonly id: number
}

type Encoders = {
  readonly [Kind in Operation['kind']]: (
    batch: Batch,
    operation: Extract<Operation, { readonly kind: Kind }>,
  ) => Request[]
}

const encoders: Encoders = {
  'add-table': ({ begin }, { flags }) => {
    const writer = begin()
    if (flags !== undefined) writer.u32(TABLE.flags, flags)
    return create(writer, MESSAGE.newTable)
  },
  'delete-table': ({ begin }) => plain(begin(), MESSAGE.deleteTable),
  'add-set': ({ begin, id }, { set, holds }) => {
    const writer = begin()
    writeSet(writer, set, holds, id)
    return create(writer, MESSAGE.newSet)
  },
  'delete-set': ({ begin }, { set }) => plain(begin().text(SET.name, set), MESSAGE.deleteSet),
  'add-chain': ({ begin }, { chain, device }) => {
    const writer = begin()
    writeChain(writer, chain, device)
    return create(writer, MESSAGE.newChain)
  },
  'delete-chain': ({ begin }, { chain }) =>
    plain(begin().text(CHAIN.name, chain), MESSAGE.deleteChain),
  'add-rule': ({ begin }, { chain, rule }) => {
    const writer = begin().text(RULE.chain, chain)
    writeRule(writer, rule)
    return [{ type: MESSAGE.newRule, flags: FLAGS.append, payload: writer.finish() }]
  },
  'empty-chain': ({ begin }, { chain }) =>
    plain(begin().text(RULE.chain, chain), MESSAGE.deleteRule),
  'add-elements': ({ begin }, { set, keys }) =>
    inLists(keys).flatMap((some) => create(writeKeys(begin(), set, some), MESSAGE.newElements)),
  'delete-elements': ({ begin }, { set, keys }) =>
    inLists(keys).flatMap((some) => plain(writeKeys(begin(), set, some), MESSAGE.deleteElements)),
  'unless-taken': ({ begin }, { offer }) => {
    const payload = writeKeys(begin(), TAKEN_SET, [offerKey(offer)]).finish()
    return [
      { type: MESSAGE.newElements, flags: FLAGS['create-new'], payload },
      ...plain(writeKeys(begin(), TAKEN_SET, [offerKey(offer)]), MESSAGE.deleteElements),
    ]
  },
  'switch-on': ({ begin }, { milliseconds }) => {
    const writer = writeKeys(begin(), SWITCH_SET, [SWITCH_KEY], BigInt(milliseconds))
    return create(writer, MESSAGE.newElements)
  },
  'switch-off': ({ begin }) =>
    plain(writeKeys(begin(), SWITCH_SET, [SWITCH_KEY]), MESSAGE.deleteElements),
}

function encode(batch: Batch, operation: Operation): Request[] {
  const write = encoders[operation.kind] as (batch: Batch, value: Operation) => Request[]
  return write(batch, operation)
}

function create(writer: AttributeWriter, type: number): Request[] {
  return [{ type, flags: FLAGS.create, payload: writer.finish() }]
}

function plain(writer: AttributeWriter, type: number): Request[] {
  return [{ type, flags: FLAGS.request, payload: writer.finish() }]
}

/** nft's numbers for `ipv4_addr` and `ipv6_addr`, and their bytes. */
export const KEYS_OF: Readonly<Record<SetKind, { readonly type: number; readonly bytes: number }>> =
  {
    ipv4: { type: 7, bytes: 4 },
    ipv6: { type: 8, bytes: 16 },
    switch: { type: 7, bytes: 4 },
    taken: { type: 7, bytes: 4 },
  }

/** Rules may add to a dynamic set. */
export const FLAGS_OF: Readonly<Record<SetKind, number>> = {
  ipv4: 0,
  ipv6: 0,
  switch: SET_FLAG.timeout,
  taken: SET_FLAG.dynamic,
}

function writeSet(writer: AttributeWriter, name: string, holds: SetKind, id: number): void {
  writer
    .text(SET.name, name)
    .u32(SET.flags, FLAGS_OF[holds])
    .u32(SET.keyType, KEYS_OF[holds].type)
    .u32(SET.keyLength, KEYS_OF[holds].bytes)
    .u32(SET.id, id)
  // The kernel gives each element a counter of its own.
  if (holds === 'ipv4' || holds === 'ipv6')
    writer.nested(SET.expression, () => writer.text(1, 'counter').nested(2, () => undefined))
}

/** NF_NETDEV_INGRESS and NF_ACCEPT. */
export const INGRESS: number = 0
export const ACCEPT: number = 1

function writeChain(writer: AttributeWriter, name: string, device: string): void {
  writer
    .text(CHAIN.name, name)
    .nested(CHAIN.hook, () =>
      writer
        .u32(HOOK.number, INGRESS)
        .i32(HOOK.priority, priorityOf(name))
        .text(HOOK.device, device),
    )
    .u32(CHAIN.policy, ACCEPT)
    .text(CHAIN.type, 'filter')
}

function writeRule(writer: AttributeWriter, rule: Rule): void {
  writer.nested(RULE.expressions, () => writeExpressions(writer, rule))
}

/** Returns the digest of a rule, which the same rule in the kernel has as well (ADR 0007). */
export function netdevDigest(rule: Rule): string {
  const writer = new AttributeWriter(CHUNK)
  writeRule(writer, rule)
  return digestOf(readAttributes(writer.finish()))
}

function writeKeys(
  writer: AttributeWriter,
  set: string,
  keys: readonly Address[],
  timeout?: bigint,
): AttributeWriter {
  return writer.text(ELEMENTS.set, set).nested(ELEMENTS.list, () => {
    for (const key of keys) {
      writer.nested(LIST_ELEMENT, () => {
        writer.nested(ELEMENT.key, () => writer.bytes(DATA.value, addressBytes(key)))
        if (timeout !== undefined) writer.u64(ELEMENT.timeout, timeout)
      })
    }
  })
}

function inLists(keys: readonly Address[]): readonly (readonly Address[])[] {
  const lists: (readonly Address[])[] = []
  for (let at = 0; at < keys.length; at += KEYS) lists.push(keys.slice(at, at + KEYS))
  return lists
}
