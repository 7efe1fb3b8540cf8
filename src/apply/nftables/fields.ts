import type { FieldType } from '../../ruleset/nftables/types.ts'
import { HOST_LITTLE_ENDIAN } from '../netlink/attributes.ts'

/**
 * Converts the fields of element keys and data between canonical text and bytes. This runs for
 * every element of a bulk load, so it works on character codes and makes no intermediate strings.
 */

/** The part of a text that is one field. */
export interface Piece {
  readonly text: string
  readonly start: number
  readonly end: number
}

interface FieldCodec {
  readonly width: number
  /** Writes the field at this place of the target; throws when the piece is not such a field. */
  readonly write: (piece: Piece, target: Uint8Array, at: number) => void
  readonly read: (bytes: Buffer, at: number) => string
}

export const CODECS: Readonly<Record<FieldType, FieldCodec>> = {
  ipv4_addr: { width: 4, write: writeIpv4, read: readIpv4 },
  ipv6_addr: { width: 16, write: writeIpv6, read: readIpv6 },
  inet_proto: {
    width: 1,
    write: ({ text, start, end }, target, at) => {
      target[at] = protocolNumber(text.slice(start, end))
    },
    read: (bytes, at) => protocolName(bytes[at] ?? 0),
  },
  inet_service: {
    width: 2,
    write: ({ text, start, end }, target, at) => {
      const port = decimal(text, start, end, 0xffff)
      target[at] = port >> 8
      target[at + 1] = port & 0xff
    },
    read: (bytes, at) => String(pair(bytes, at)),
  },
  slot: {
    width: 4,
    write: ({ text, start, end }, target, at) => {
      const slot = decimal(text, start, end, 0xffffffff)
      for (let i = 0; i < 4; i++) {
        target[at + (HOST_LITTLE_ENDIAN ? i : 3 - i)] = (slot >>> (8 * i)) & 0xff
      }
    },
    read: (bytes, at) =>
      String(HOST_LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
  },
}

/** Reads a decimal number between two offsets; throws when it is none or exceeds `max`. */
export function decimal(text: string, start: number, end: number, max: number): number {
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9 || value > max) return refuse(text, 'a number', start, end)
    value = 10 * value + digit
  }
  return start < end && value <= max ? value : refuse(text, 'a number in range', start, end)
}

const ZERO = 0x30
const LETTER_A = 0x61
const DOT = 0x2e
const COLON = 0x3a

function writeIpv4({ text, start, end }: Piece, target: Uint8Array, at: number): void {
  let from = start
  for (let i = 0; i < 4; i++) {
    let to = from
    while (to < end && text.charCodeAt(to) !== DOT) to++
    if (to === end && i < 3) refuse(text, 'an IPv4 address', start, end)
    target[at + i] = decimal(text, from, i < 3 ? to : end, 255)
    from = to + 1
  }
}

function readIpv4(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

const GROUPS = 8

/** Writes the groups before `::` at the beginning, and those after it at the end. */
function writeIpv6(piece: Piece, target: Uint8Array, at: number): void {
  const { text, start, end } = piece
  for (let i = 0; i < 2 * GROUPS; i++) target[at + i] = 0
  const gap = text.indexOf('::', start)
  if (gap < 0 || gap >= end) {
    const groups = countGroups(text, start, end)
    if (groups !== GROUPS) refuse(text, 'an IPv6 address', start, end)
    writeGroups(piece, target, at)
    return
  }
  const tail = countGroups(text, gap + 2, end)
  if (countGroups(text, start, gap) + tail >= GROUPS) refuse(text, 'an IPv6 address', start, end)
  writeGroups({ text, start, end: gap }, target, at)
  writeGroups({ text, start: gap + 2, end }, target, at + 2 * (GROUPS - tail))
}

function countGroups(text: string, start: number, end: number): number {
  let groups = start < end ? 1 : 0
  for (let i = start; i < end; i++) if (text.charCodeAt(i) === COLON) groups++
  return groups
}

function writeGroups({ text, start, end }: Piece, target: Uint8Array, at: number): void {
  let position = at
  for (let from = start; from < end; ) {
    let value = 0
    let i = from
    for (; i < end && text.charCodeAt(i) !== COLON; i++) {
      const digit = hexDigit(text.charCodeAt(i))
      if (digit < 0) refuse(text, 'an IPv6 address', start, end)
      value = 16 * value + digit
    }
    if (i === from || value > 0xffff) refuse(text, 'an IPv6 address', start, end)
    target[position] = value >> 8
    target[position + 1] = value & 0xff
    position += 2
    from = i + 1
  }
}

/** As in RFC 5952, the longest run of zero groups, the first of equal ones, becomes `::`. */
function readIpv6(bytes: Buffer, at: number): string {
  let gap = GROUPS
  let length = 1
  for (let from = 0; from < GROUPS; from++) {
    let to = from
    while (to < GROUPS && pair(bytes, at + 2 * to) === 0) to++
    if (to - from > length) {
      gap = from
      length = to - from
    }
    if (to > from) from = to
  }
  if (gap === GROUPS) return printGroups(bytes, at, 0, GROUPS)
  return `${printGroups(bytes, at, 0, gap)}::${printGroups(bytes, at, gap + length, GROUPS)}`
}

function printGroups(bytes: Buffer, at: number, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) {
    if (i > from) text += ':'
    text += pair(bytes, at + 2 * i).toString(16)
  }
  return text
}

function pair(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** Returns -1 where the code is no digit; canonical text is in lower case. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO
  return code >= LETTER_A && code < LETTER_A + 6 ? code - LETTER_A + 10 : -1
}

function protocolNumber(text: string): number {
  if (text === 'tcp') return 6
  if (text === 'udp') return 17
  return text === 'sctp' ? 132 : decimal(text, 0, text.length, 255)
}

function protocolName(value: number): string {
  if (value === 6) return 'tcp'
  if (value === 17) return 'udp'
  return value === 132 ? 'sctp' : String(value)
}

function refuse(text: string, wanted: string, start: number, end: number): never {
  throw new Error(`"${text.slice(start, end)}" in "${text}" is not ${wanted}`)
}
