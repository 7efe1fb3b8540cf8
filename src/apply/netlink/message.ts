// A netlink datagram is a sequence of messages, each on a 4-byte boundary:
//
//   | length u32 | type u16 | flags u16 | sequence u32 | port u32 | payload ... | padding |
//
// The header and attribute headers are in host order; nfnetlink's own numbers are big-endian.

import { endianness } from 'node:os'
import {
  NFGENMSG_LEN,
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG_GETGEN,
  NFTA_GEN_ID,
  NLA_TYPE_MASK,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_REQUEST,
  NLMSG_HDRLEN,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from './constants.ts'

const LITTLE_ENDIAN = endianness() === 'LE'
const ATTRIBUTE_HEADER = 4
const ERROR_NUMBER = 4

/** `payload` is the nfgenmsg and its attributes, without the nlmsghdr. */
export interface Request {
  readonly type: number
  readonly flags: number
  readonly payload: Uint8Array
}

export interface Reply {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly payload: Buffer
}

/** The content of an NLMSG_ERROR; errno 0 is an acknowledgement. */
export interface Acknowledgement {
  readonly errno: number
  readonly offset?: number
  readonly message?: string
}

/** Returns an nfgenmsg: family, version 0, and the resource id in network order. */
export function nfgenmsg(family: number, resourceId = 0): Buffer {
  return Buffer.from([family, 0, (resourceId >> 8) & 0xff, resourceId & 0xff])
}

/** Asks for the generation of the rule set, without an acknowledgement. */
export const GET_GENERATION: Request = {
  type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN,
  flags: NLM_F_REQUEST,
  payload: nfgenmsg(0),
}

/** Returns one message with its nlmsghdr; adds no flags. */
export function frameMessage(request: Request, sequence: number): Buffer {
  const frame = Buffer.alloc(framedLength(request))
  writeMessage(frame, 0, request, sequence)
  return frame
}

/**
 * Returns one buffer with BATCH_BEGIN, the requests and BATCH_END, numbered from `sequence` on.
 * With generation 0 the kernel does not check it. Only the last request is acknowledged.
 */
export function frameBatch(
  requests: readonly Request[],
  generation: number,
  sequence: number,
): Buffer {
  return frameMessages(
    [
      batchMark(NFNL_MSG_BATCH_BEGIN, generation === 0 ? [] : [generationAttribute(generation)]),
      ...lastAcknowledged(requests),
      batchMark(NFNL_MSG_BATCH_END, []),
    ],
    sequence,
  )
}

/**
 * Returns one buffer with the requests, numbered from `sequence` on. Only the last one is
 * acknowledged.
 */
export function frameSeries(requests: readonly Request[], sequence: number): Buffer {
  return frameMessages(lastAcknowledged(requests), sequence)
}

function lastAcknowledged(requests: readonly Request[]): readonly Request[] {
  const last = requests.length - 1
  return requests.map((request, index) => {
    const acknowledged = index === last ? NLM_F_ACK : 0
    return { ...request, flags: request.flags | NLM_F_REQUEST | acknowledged }
  })
}

function frameMessages(messages: readonly Request[], sequence: number): Buffer {
  let length = 0
  for (const message of messages) length += framedLength(message)
  const frame = Buffer.alloc(length)
  let offset = 0
  let number = sequence
  for (const message of messages) offset = writeMessage(frame, offset, message, number++)
  return frame
}

function batchMark(type: number, attributes: readonly Buffer[]): Request {
  const payload = Buffer.concat([nfgenmsg(0, NFNL_SUBSYS_NFTABLES), ...attributes])
  return { type, flags: NLM_F_REQUEST, payload }
}

function generationAttribute(generation: number): Buffer {
  const attribute = Buffer.alloc(ATTRIBUTE_HEADER + 4)
  const view = viewOf(attribute)
  view.setUint16(0, attribute.length, LITTLE_ENDIAN)
  view.setUint16(2, NFNL_BATCH_GENID, LITTLE_ENDIAN)
  view.setUint32(4, generation)
  return attribute
}

function framedLength(request: Request): number {
  return aligned(NLMSG_HDRLEN + request.payload.length)
}

/** Returns where the next message starts. The port stays 0, because the kernel knows the sender. */
function writeMessage(frame: Buffer, offset: number, request: Request, sequence: number): number {
  const length = NLMSG_HDRLEN + request.payload.length
  const view = viewOf(frame)
  view.setUint32(offset, length, LITTLE_ENDIAN)
  view.setUint16(offset + 4, request.type, LITTLE_ENDIAN)
  view.setUint16(offset + 6, request.flags, LITTLE_ENDIAN)
  view.setUint32(offset + 8, sequence, LITTLE_ENDIAN)
  frame.set(request.payload, offset + NLMSG_HDRLEN)
  return offset + aligned(length)
}

/** Returns the complete messages of a datagram; reading stops at the first inconsistent length. */
export function parseDatagram(datagram: Buffer): readonly Reply[] {
  const view = viewOf(datagram)
  const replies: Reply[] = []
  let offset = 0
  while (offset + NLMSG_HDRLEN <= datagram.length) {
    const length = view.getUint32(offset, LITTLE_ENDIAN)
    if (length < NLMSG_HDRLEN || offset + length > datagram.length) break
    replies.push({
      type: view.getUint16(offset + 4, LITTLE_ENDIAN),
      flags: view.getUint16(offset + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(offset + 8, LITTLE_ENDIAN),
      payload: datagram.subarray(offset + NLMSG_HDRLEN, offset + length),
    })
    offset += aligned(length)
  }
  return replies
}

/** Reads NLMSG_ERROR: | error i32 | nlmsghdr of the request | its payload unless capped | TLVs | */
export function parseAcknowledgement({ flags, payload }: Reply): Acknowledgement {
  const errno = firstInt(payload)
  const quoted = ERROR_NUMBER + NLMSG_HDRLEN
  if ((flags & NLM_F_ACK_TLVS) === 0 || payload.length < quoted) return { errno }
  const requestLength = viewOf(payload).getUint32(ERROR_NUMBER, LITTLE_ENDIAN)
  const capped = (flags & NLM_F_CAPPED) !== 0
  const start = capped ? quoted : ERROR_NUMBER + aligned(Math.max(requestLength, NLMSG_HDRLEN))
  const message = findAttribute(payload, start, NLMSGERR_ATTR_MSG)
  const offset = findAttribute(payload, start, NLMSGERR_ATTR_OFFS)
  return {
    errno,
    ...(offset && offset.length >= 4 && { offset: viewOf(offset).getUint32(0, LITTLE_ENDIAN) }),
    ...(message && { message: message.toString('utf8').replace(/\0.*$/s, '') }),
  }
}

/** Returns the error number in NLMSG_DONE, which ends a dump: 0, or the error that cut it short. */
export function parseDone(reply: Reply): number {
  return firstInt(reply.payload)
}

/**
 * Returns the low 16 bits of the generation in which an nf_tables message was read; undefined for
 * other messages.
 */
export function resourceId({ type, payload }: Reply): number | undefined {
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES || payload.length < NFGENMSG_LEN) return undefined
  return payload.readUInt16BE(2)
}

/** Returns the generation in NFT_MSG_NEWGEN; undefined where the reply holds none. */
export function parseGeneration(reply: Reply): number | undefined {
  const attribute = findAttribute(reply.payload, NFGENMSG_LEN, NFTA_GEN_ID)
  return attribute && attribute.length >= 4 ? attribute.readUInt32BE(0) : undefined
}

function findAttribute(payload: Buffer, start: number, type: number): Buffer | undefined {
  const view = viewOf(payload)
  let offset = start
  while (offset + ATTRIBUTE_HEADER <= payload.length) {
    const length = view.getUint16(offset, LITTLE_ENDIAN)
    if (length < ATTRIBUTE_HEADER || offset + length > payload.length) return undefined
    if ((view.getUint16(offset + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK) === type)
      return payload.subarray(offset + ATTRIBUTE_HEADER, offset + length)
    offset += aligned(length)
  }
  return undefined
}

/**
 * Returns the error number, which the kernel sends negated; 74 (EBADMSG) if the payload is too
 * short.
 */
function firstInt(payload: Buffer): number {
  return payload.length < 4 ? 74 : Math.abs(viewOf(payload).getInt32(0, LITTLE_ENDIAN))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Not `(length + 3) & ~3`: that is signed, and a garbage length can exceed 31 bits. */
function aligned(length: number): number {
  return Math.ceil(length / 4) * 4
}
