import type { Address, Protocol } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { tuple } from '../../model/tuple.ts'
import type { Flow, FlowsAtStake } from '../../plan/flows/stale.ts'
import { AttributeWriter, eachAttribute } from '../netlink/attributes.ts'
import { NFGENMSG_LEN } from '../netlink/constants.ts'
import { hostU32 } from '../netlink/host-order.ts'
import type { Reply, Request } from '../netlink/message.ts'
import { FAMILY } from '../nftables/constants.ts'
import { CODECS } from '../nftables/fields.ts'
import {
  ADDRESS,
  FILTER,
  FILTER_FLAG,
  FLOW,
  MESSAGE,
  PROTOCOL,
  PROTOCOL_NUMBERS,
  SEEN_REPLY,
  TUPLE,
} from './constants.ts'

/** The flows to list. */
export interface Selection {
  readonly family: TableFamily
  readonly protocol: Protocol
  /** The destination ports of the clients' packets; `readFlow` checks them. */
  readonly ports: ReadonlySet<number>
  readonly flows: FlowsAtStake
}

/**
 * Lists flows. Since Linux 5.8 the kernel filters by protocol, and by port if it is a single one;
 * `readFlow` filters in any case. Since Linux 5.15 the kernel leaves out answered flows where they
 * are not at stake; older ones list them, and the judge of flows passes over them.
 */
export function listFlows({ family, protocol, ports, flows }: Selection): Request {
  const [port] = ports
  const single = ports.size === 1 ? port : undefined
  const writer = messageOf(family)
  writer.nested(FLOW.original, () => {
    writer.nested(TUPLE.protocol, () => {
      writer.u8(PROTOCOL.number, PROTOCOL_NUMBERS[protocol])
      if (single !== undefined) writer.bytes(PROTOCOL.destinationPort, networkOrder(single))
    })
  })
  const flags = FILTER_FLAG.protocol | (single === undefined ? 0 : FILTER_FLAG.destinationPort)
  writer.nested(FLOW.filter, () => writer.bytes(FILTER.originalFlags, hostU32(flags)))
  if (flows === 'unanswered') writer.u32(FLOW.status, 0).u32(FLOW.statusMask, SEEN_REPLY)
  return { type: MESSAGE.getFlow, flags: 0, payload: writer.finish() }
}

/** Returns undefined where the flow is not selected. */
export function readFlow({ payload }: Reply, selection: Selection): Flow | undefined {
  const { family, protocol, ports } = selection
  let original: Half | undefined
  let reply: Half | undefined
  let status = 0
  eachAttribute(payload, NFGENMSG_LEN, payload.length, (type, start, end) => {
    if (type === FLOW.original) original = readHalf({ payload, start, end }, family)
    else if (type === FLOW.reply) reply = readHalf({ payload, start, end }, family)
    else if (type === FLOW.status) status = payload.readUInt32BE(start)
  })
  if (original?.protocol !== PROTOCOL_NUMBERS[protocol] || reply === undefined) return undefined
  const port = original.destinationPort
  if (!ports.has(port)) return undefined
  const { read } = CODECS[family === 'ip' ? 'ipv4_addr' : 'ipv6_addr']
  return {
    family,
    protocol,
    destination: read(payload, original.destination) as Address,
    port,
    answerer: tuple(read(payload, reply.source), reply.sourcePort),
    isAnswered: (status & SEEN_REPLY) !== 0,
  }
}

/**
 * Returns the request to delete a flow. It names the flow by its reply tuple, which includes the
 * endpoint that answers, so that a later flow of the same client to another endpoint is not hit.
 * The id alone would not suffice: it is a hash of the kernel's address of the flow and of its
 * original tuple (nf_ct_get_id). It does exclude a flow in the opposite direction.
 */
export function deleteFlow({ payload }: Reply, family: TableFamily): Request {
  const writer = messageOf(family)
  eachAttribute(payload, NFGENMSG_LEN, payload.length, (type, start, end) => {
    const value = payload.subarray(start, end)
    if (type === FLOW.reply) writer.bytes(type | NESTED, value)
    else if (type === FLOW.id || type === FLOW.zone) writer.bytes(type, value)
  })
  return { type: MESSAGE.deleteFlow, flags: 0, payload: writer.finish() }
}

const NESTED = 0x8000
const MESSAGE_SIZE = 256

function messageOf(family: TableFamily): AttributeWriter {
  return new AttributeWriter(MESSAGE_SIZE).family(FAMILY[family])
}

/** One direction of a flow; addresses are offsets in the message. */
interface Half {
  source: number
  destination: number
  protocol: number
  sourcePort: number
  destinationPort: number
}

/** A part of a message that holds attributes. */
interface Part {
  readonly payload: Buffer
  readonly start: number
  readonly end: number
}

function readHalf({ payload, start, end }: Part, family: TableFamily): Half {
  const half: Half = { source: 0, destination: 0, protocol: 0, sourcePort: 0, destinationPort: 0 }
  eachAttribute(payload, start, end, (type, from, to) => {
    const part = { payload, start: from, end: to }
    if (type === TUPLE.addresses) readAddresses(part, family, half)
    else if (type === TUPLE.protocol) readPorts(part, half)
  })
  return half
}

function readAddresses({ payload, start, end }: Part, family: TableFamily, half: Half): void {
  eachAttribute(payload, start, end, (type, from) => {
    if (type === ADDRESS[family].source) half.source = from
    else if (type === ADDRESS[family].destination) half.destination = from
  })
}

function readPorts({ payload, start, end }: Part, half: Half): void {
  eachAttribute(payload, start, end, (type, from) => {
    if (type === PROTOCOL.number) half.protocol = payload.readUInt8(from)
    else if (type === PROTOCOL.sourcePort) half.sourcePort = payload.readUInt16BE(from)
    else if (type === PROTOCOL.destinationPort) half.destinationPort = payload.readUInt16BE(from)
  })
}

function networkOrder(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff)
}
