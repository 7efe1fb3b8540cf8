import { addressBytes } from '../../model/address.ts'
import { offerKey, TAKEN_SET } from '../../ruleset/netdev/handover.ts'
import { type Field, type Rule, type Statement, SWITCH_SET } from '../../ruleset/netdev/types.ts'
import type { AttributeWriter } from '../netlink/attributes.ts'
import { hostU32 } from '../netlink/host-order.ts'
import { DATA, LIST_ELEMENT, VERDICT } from '../nftables/constants.ts'

/**
 * Writes rules of the netdev table as the kernel's expressions. The names of attributes are those of
 * linux/netfilter/nf_tables.h, without their prefix (NFTA_PAYLOAD_SREG is `source`).
 */

const EXPRESSION = { name: 1, data: 2 } as const
const PAYLOAD = {
  register: 1,
  base: 2,
  offset: 3,
  length: 4,
  source: 5,
  checksumType: 6,
  checksumOffset: 7,
  checksumFlags: 8,
} as const
const META = { register: 1, key: 2 } as const
const COMPARE = { register: 1, operator: 2, data: 3 } as const
const LOOKUP = { set: 1, register: 2, flags: 5 } as const
const IMMEDIATE = { register: 1, data: 2 } as const
const DYNSET = { set: 1, operation: 3, key: 4 } as const
const FORWARD = { register: 1 } as const

/** NFT_META_PROTOCOL and NFT_META_PKTTYPE. */
const META_KEY = { protocol: 1, packetType: 19 } as const
/** NFT_CMP_EQ and NFT_CMP_NEQ. */
const EQUAL = 0
const NOT_EQUAL = 1
/** NFT_LOOKUP_F_INV. */
const INVERTED = 1
/** NFT_DYNSET_OP_ADD. */
const ADD = 0
/** NF_DROP of linux/netfilter.h, and NFT_REG_VERDICT. */
const DROP = 0
const VERDICT_REGISTER = 0
/** PACKET_OTHERHOST of linux/if_packet.h. */
const OTHER_HOST = 3
/** NFT_PAYLOAD_*_HEADER. */
const BASE: Readonly<Record<Field['header'], number>> = { link: 0, network: 1, transport: 2 }
/** NFT_PAYLOAD_CSUM_INET; the checksum of ICMPv6 is at its third byte. */
const CHECKSUM_INET = 1
const ICMPV6_CHECKSUM = 2
/** NFT_PAYLOAD_L4CSUM_PSEUDOHDR. */
const PSEUDO_HEADER = 1

/** NFT_REG_1 and NFT_REG_2, of 16 bytes each. */
const FIRST = 1
const SECOND = 2
type Register = typeof FIRST | typeof SECOND

const SWITCH_BYTES = '00000001'

/** Writes the expressions of a rule into the attribute that is open. */
export function writeExpressions(writer: AttributeWriter, rule: Rule): void {
  for (const statement of rule) writeStatement(writer, statement)
}

type Writers = {
  readonly [Kind in Statement['kind']]: (
    writer: AttributeWriter,
    statement: Extract<Statement, { readonly kind: Kind }>,
  ) => void
}

const writers: Writers = {
  protocol(writer, { number }) {
    meta(writer, META_KEY.protocol)
    compare(writer, EQUAL, Uint8Array.of(number >> 8, number & 0xff))
  },
  'not-for-others'(writer) {
    meta(writer, META_KEY.packetType)
    compare(writer, NOT_EQUAL, Uint8Array.of(OTHER_HOST))
  },
  match(writer, { field, bytes, negated = false }) {
    load(writer, field)
    compare(writer, negated ? NOT_EQUAL : EQUAL, bytesOf(bytes))
  },
  'in-set'(writer, { field, set, negated = false }) {
    load(writer, field)
    lookup(writer, set, negated)
  },
  'switched-on'(writer) {
    immediate(writer, bytesOf(SWITCH_BYTES))
    lookup(writer, SWITCH_SET, false)
  },
  count: (writer) => expression(writer, 'counter', () => undefined),
  copy(writer, { from, to, checksum }) {
    load(writer, from)
    store(writer, to, FIRST, checksum)
  },
  swap(writer, { one, other }) {
    load(writer, one)
    load(writer, other, SECOND)
    store(writer, other)
    store(writer, one, SECOND)
  },
  write(writer, { bytes, to, checksum }) {
    immediate(writer, bytesOf(bytes))
    store(writer, to, FIRST, checksum)
  },
  'note-taken'(writer, { offer }) {
    immediate(writer, addressBytes(offerKey(offer)))
    expression(writer, 'dynset', () =>
      writer.text(DYNSET.set, TAKEN_SET).u32(DYNSET.operation, ADD).u32(DYNSET.key, FIRST),
    )
  },
  taken(writer, { offer }) {
    immediate(writer, addressBytes(offerKey(offer)))
    lookup(writer, TAKEN_SET, false)
  },
  drop(writer) {
    expression(writer, 'immediate', () =>
      writer
        .u32(IMMEDIATE.register, VERDICT_REGISTER)
        .nested(IMMEDIATE.data, () =>
          writer.nested(DATA.verdict, () => writer.u32(VERDICT.code, DROP)),
        ),
    )
  },
  forward(writer, { index }) {
    immediate(writer, hostU32(index))
    expression(writer, 'fwd', () => writer.u32(FORWARD.register, FIRST))
  },
}

function writeStatement(writer: AttributeWriter, statement: Statement): void {
  const write = writers[statement.kind] as (writer: AttributeWriter, value: Statement) => void
  write(writer, statement)
}

function meta(writer: AttributeWriter, key: number): void {
  expression(writer, 'meta', () => writer.u32(META.key, key).u32(META.register, FIRST))
}

function load(writer: AttributeWriter, field: Field, register: Register = FIRST): void {
  expression(writer, 'payload', () => {
    writer.u32(PAYLOAD.register, register)
    place(writer, field)
  })
}

/** Every attribute is written, because the kernel dumps every one, and dumps are compared. */
function store(
  writer: AttributeWriter,
  field: Field,
  register: Register = FIRST,
  checksum: Extract<Statement, { readonly kind: 'copy' }>['checksum'] = 'none',
): void {
  const corrects = checksum === 'icmpv6'
  expression(writer, 'payload', () => {
    writer.u32(PAYLOAD.source, register)
    place(writer, field)
    writer.u32(PAYLOAD.checksumType, corrects ? CHECKSUM_INET : 0)
    writer.u32(PAYLOAD.checksumOffset, corrects ? ICMPV6_CHECKSUM : 0)
    writer.u32(PAYLOAD.checksumFlags, checksum === 'pseudo-header' ? PSEUDO_HEADER : 0)
  })
}

function place(writer: AttributeWriter, { header, offset, length }: Field): void {
  writer.u32(PAYLOAD.base, BASE[header]).u32(PAYLOAD.offset, offset).u32(PAYLOAD.length, length)
}

function compare(writer: AttributeWriter, operator: number, value: Uint8Array): void {
  expression(writer, 'cmp', () =>
    writer
      .u32(COMPARE.register, FIRST)
      .u32(COMPARE.operator, operator)
      .nested(COMPARE.data, () => writer.bytes(DATA.value, value)),
  )
}

function lookup(writer: AttributeWriter, set: string, inverted: boolean): void {
  expression(writer, 'lookup', () => {
    writer.text(LOOKUP.set, set).u32(LOOKUP.register, FIRST)
    if (inverted) writer.u32(LOOKUP.flags, INVERTED)
  })
}

function immediate(writer: AttributeWriter, value: Uint8Array): void {
  expression(writer, 'immediate', () =>
    writer
      .u32(IMMEDIATE.register, FIRST)
      .nested(IMMEDIATE.data, () => writer.bytes(DATA.value, value)),
  )
}

function expression(writer: AttributeWriter, name: string, write: () => void): void {
  const element = writer.open(LIST_ELEMENT)
  writer.text(EXPRESSION.name, name)
  const data = writer.open(EXPRESSION.data)
  write()
  writer.close(data).close(element)
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
