import { hexToBytes } from '@noble/hashes/utils.js'
import { type Address, addressBytes, addressFromBytes } from '../model/address.ts'
import { present } from '../model/present.ts'
import { icmpv6Checksum } from './icmpv6-checksum.ts'
import { macBytes, macText } from './mac.ts'

/** What all frames of neighbour discovery have: the headers of Ethernet and IPv6. */
interface NdpHeaders {
  readonly to: string
  readonly from: string
  readonly source: Address
  readonly destination: Address
  /** The address that is asked for or announced. */
  readonly target: Address
}

/** A neighbour solicitation (RFC 4861, 4.3). */
export interface Solicitation extends NdpHeaders {
  readonly kind: 'solicitation'
  /** The asker's MAC address, if the option is there; never in a probe. */
  readonly linkLayer: string | undefined
  /** Distinguishes a probe from its own echo (RFC 7527, option 14), as 12 hexadecimal digits. */
  readonly nonce: string | undefined
}

/** A neighbour advertisement (RFC 4861, 4.4). */
export interface Advertisement extends NdpHeaders {
  readonly kind: 'advertisement'
  readonly isRouter: boolean
  readonly isSolicited: boolean
  readonly overrides: boolean
  readonly linkLayer: string | undefined
}

export const ETHERTYPE_IPV6 = 0x86dd
const ICMPV6 = 58
const SOLICITATION = 135
const ADVERTISEMENT = 136
/** A router lowers it, so a packet that still has 255 comes from this link (RFC 4861, 7.1). */
const HOP_LIMIT = 255
const SOURCE_LINK_LAYER = 1
const TARGET_LINK_LAYER = 2
const NONCE = 14
/** Where the message begins in the frame, and its options in the message. */
const MESSAGE = 54
const OPTIONS = 24

/** Returns the bytes of the frame, with its checksum. */
export function encodeNdp(frame: Solicitation | Advertisement): Uint8Array {
  const options = optionsOf(frame)
  const bytes = new Uint8Array(MESSAGE + OPTIONS + options.length)
  bytes.set(macBytes(frame.to), 0)
  bytes.set(macBytes(frame.from), 6)
  bytes.set([ETHERTYPE_IPV6 >> 8, ETHERTYPE_IPV6 & 255, 0x60], 12)
  bytes.set([0, OPTIONS + options.length, ICMPV6, HOP_LIMIT], 18)
  bytes.set(addressBytes(frame.source), 22)
  bytes.set(addressBytes(frame.destination), 38)
  bytes[MESSAGE] = frame.kind === 'solicitation' ? SOLICITATION : ADVERTISEMENT
  if (frame.kind === 'advertisement') bytes[MESSAGE + 4] = flagsOf(frame)
  bytes.set(addressBytes(frame.target), MESSAGE + 8)
  bytes.set(options, MESSAGE + OPTIONS)
  const sum = icmpv6Checksum(bytes.subarray(22, 54), bytes.subarray(MESSAGE))
  bytes.set([sum >> 8, sum & 255], MESSAGE + 2)
  return bytes
}

function flagsOf({ isRouter, isSolicited, overrides }: Advertisement): number {
  return (isRouter ? 0x80 : 0) | (isSolicited ? 0x40 : 0) | (overrides ? 0x20 : 0)
}

function optionsOf(frame: Solicitation | Advertisement): readonly number[] {
  const type = frame.kind === 'solicitation' ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER
  const mac = frame.linkLayer === undefined ? [] : [type, 1, ...macBytes(frame.linkLayer)]
  if (frame.kind === 'advertisement' || frame.nonce === undefined) return mac
  return [...mac, NONCE, 1, ...hexToBytes(frame.nonce)]
}

/**
 * Returns the message of a frame with the EtherType of IPv6; undefined if it is none, or none that a
 * host may heed (RFC 4861, 7.1.1 and 7.1.2).
 */
export function parseNdp(bytes: Uint8Array): Solicitation | Advertisement | undefined {
  const version = (bytes[14] ?? 0) >> 4
  const length = ((bytes[18] ?? 0) << 8) | (bytes[19] ?? 0)
  const message = bytes.subarray(MESSAGE, MESSAGE + length)
  if (length < OPTIONS || message.length < length || version !== 6) return undefined
  if (bytes[20] !== ICMPV6 || bytes[21] !== HOP_LIMIT || message[1] !== 0) return undefined
  if (icmpv6Checksum(bytes.subarray(22, 54), message) !== 0) return undefined
  const headers = {
    to: macText(bytes.subarray(0, 6)),
    from: macText(bytes.subarray(6, 12)),
    source: addressFromBytes(bytes.subarray(22, 38)),
    destination: addressFromBytes(bytes.subarray(38, 54)),
    target: addressFromBytes(message.subarray(8, 24)),
  }
  const options = parseOptions(message.subarray(OPTIONS))
  if (options === undefined || message[8] === 0xff) return undefined
  switch (message[0]) {
    case SOLICITATION:
      return solicitation(headers, options)
    case ADVERTISEMENT:
      return advertisement(headers, options, present(message[4]))
    default:
      return undefined
  }
}

/** The value of each option by its type; of two with the same type the first. */
type Options = ReadonlyMap<number, Uint8Array>

function parseOptions(bytes: Uint8Array): Options | undefined {
  const options = new Map<number, Uint8Array>()
  let at = 0
  while (at < bytes.length) {
    const [type = 0, length = 0] = bytes.subarray(at)
    const end = at + 8 * length
    if (length === 0 || end > bytes.length) return undefined
    if (!options.has(type)) options.set(type, bytes.subarray(at + 2, end))
    at = end
  }
  return options
}

function solicitation(headers: NdpHeaders, options: Options): Solicitation | undefined {
  const linkLayer = macOption(options, SOURCE_LINK_LAYER)
  const isProbe = headers.source === NO_IPV6
  if (isProbe && (linkLayer !== undefined || !isSolicitedNode(headers.destination))) {
    return undefined
  }
  const nonce = options.get(NONCE)
  const text = nonce?.length === 6 ? macText(nonce).replaceAll(':', '') : undefined
  return { kind: 'solicitation', ...headers, linkLayer, nonce: text }
}

function advertisement(
  headers: NdpHeaders,
  options: Options,
  flags: number,
): Advertisement | undefined {
  const isSolicited = (flags & 0x40) !== 0
  if (isSolicited && headers.destination.startsWith('ff')) return undefined
  const linkLayer = macOption(options, TARGET_LINK_LAYER)
  const [isRouter, overrides] = [(flags & 0x80) !== 0, (flags & 0x20) !== 0]
  return { kind: 'advertisement', ...headers, isRouter, isSolicited, overrides, linkLayer }
}

function macOption(options: Options, type: number): string | undefined {
  const value = options.get(type)
  return value?.length === 6 ? macText(value) : undefined
}

export const NO_IPV6: Address = '::' as Address

/** ff02::1:ff00:0/104. */
const SOLICITED_NODE = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff]

function isSolicitedNode(address: Address): boolean {
  const bytes = addressBytes(address)
  return SOLICITED_NODE.every((byte, at) => bytes[at] === byte)
}

/** Returns the group that a node with this address listens to (RFC 4291, 2.7.1). */
export function solicitedNode(address: Address): Address {
  return addressFromBytes(Uint8Array.from([...SOLICITED_NODE, ...addressBytes(address).slice(13)]))
}

/** Returns the MAC address of a group: 33:33 and the last four bytes (RFC 2464, 7). */
export function groupMac(group: Address): string {
  return macText(Uint8Array.from([0x33, 0x33, ...addressBytes(group).slice(12)]))
}
