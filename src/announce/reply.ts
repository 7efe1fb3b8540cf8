import { type Address, addressFromBytes } from '../model/address.ts'
import { present } from '../model/present.ts'
import { icmpv6Checksum } from './icmpv6-checksum.ts'
import { macBytes } from './mac.ts'

/** For what an interface answers, and with which MAC address. */
interface Answers {
  /** As `02:00:00:00:00:01`. */
  readonly mac: string
  readonly addresses: ReadonlySet<Address>
}

interface Reply {
  readonly address: Address
  readonly frame: Uint8Array
}

/**
 * Returns the answer to an Ethernet frame that asks for one of the addresses; undefined for all
 * other frames. It does by code what the rules of render/announce have the kernel do.
 */
export function reply(frame: Uint8Array, answers: Answers): Reply | undefined {
  if (frame.length < AT.ethernetEnd) return undefined
  const type = u16(frame, AT.type)
  if (type === ARP) return arpReply(frame, answers)
  return type === IPV6 ? advertisement(frame, answers) : undefined
}

const ARP = 0x0806
const IPV6 = 0x86dd

/** Offsets in the frame, RFC 826, RFC 8200 and RFC 4861. */
const AT = {
  source: 6,
  type: 12,
  ethernetEnd: 14,
  arp: { operation: 20, senderMac: 22, sender: 28, targetMac: 32, target: 38, end: 42 },
  ip: { length: 18, next: 20, hops: 21, source: 22, destination: 38 },
  icmp: { type: 54, code: 55, checksum: 56, flags: 58, target: 62, option: 78 },
} as const
const MAC = 6
const IPV4_BYTES = 4
const IPV6_BYTES = 16

/** Ethernet, IPv4, lengths 6 and 4, request. */
const ARP_REQUEST = [0, 1, 8, 0, 6, 4, 0, 1]
const ARP_REPLY = 2

function arpReply(frame: Uint8Array, { mac, addresses }: Answers): Reply | undefined {
  const { operation, senderMac, sender, targetMac, target, end } = AT.arp
  if (frame.length < end) return undefined
  if (ARP_REQUEST.some((byte, at) => frame[AT.ethernetEnd + at] !== byte)) return undefined
  const asker = frame.subarray(sender, sender + IPV4_BYTES)
  const asked = frame.subarray(target, target + IPV4_BYTES)
  const address = addressFromBytes(asked)
  // A question from an announced address is a gratuitous packet of another node.
  if (addresses.has(addressFromBytes(asker)) || !addresses.has(address)) return undefined
  const askerMac = frame.subarray(senderMac, senderMac + MAC)
  const answer = Uint8Array.from(frame)
  setU16(answer, operation, ARP_REPLY)
  answer.set(askerMac, 0)
  answer.set(askerMac, targetMac)
  answer.set(macBytes(mac), AT.source)
  answer.set(macBytes(mac), senderMac)
  answer.set(asked, sender)
  answer.set(asker, target)
  return { address, frame: answer }
}

const ICMPV6 = 58
/** Only a neighbour can send it, RFC 4861, 7.1.1. */
const MOST_HOPS = 255
const SOLICITATION = 135
const ADVERTISEMENT = 136
const WITHOUT_OPTION = 24
const WITH_OPTION = 32
const SOLICITED = 0x40
const OVERRIDE = 0x20
const ALL_NODES = Uint8Array.of(0xff, 2, ...Array<number>(13).fill(0), 1)
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)

function advertisement(frame: Uint8Array, { mac, addresses }: Answers): Reply | undefined {
  if (!isSolicitation(frame)) return undefined
  const asker = frame.subarray(AT.ip.source, AT.ip.source + IPV6_BYTES)
  const asked = frame.subarray(AT.icmp.target, AT.icmp.target + IPV6_BYTES)
  const address = addressFromBytes(asked)
  if (addresses.has(addressFromBytes(asker)) || !addresses.has(address)) return undefined
  // A probe comes from `::` (RFC 4862, 5.4); everybody hears the answer.
  const isProbe = asker.every((byte) => byte === 0)
  const length = u16(frame, AT.ip.length)
  const answer = Uint8Array.from(frame.subarray(0, AT.icmp.type + length))
  answer.set(isProbe ? ALL_NODES_MAC : frame.subarray(AT.source, AT.source + MAC), 0)
  answer.set(macBytes(mac), AT.source)
  answer.set(asked, AT.ip.source)
  answer.set(isProbe ? ALL_NODES : asker, AT.ip.destination)
  answer[AT.icmp.type] = ADVERTISEMENT
  answer.set([isProbe ? OVERRIDE : SOLICITED | OVERRIDE, 0, 0, 0], AT.icmp.flags)
  if (length === WITH_OPTION) answer.set([2, 1, ...macBytes(mac)], AT.icmp.option)
  setU16(answer, AT.icmp.checksum, 0)
  setU16(answer, AT.icmp.checksum, checksumOf(answer, length))
  return { address, frame: answer }
}

function isSolicitation(frame: Uint8Array): boolean {
  const { length, next, hops } = AT.ip
  if (frame.length < AT.icmp.type + WITHOUT_OPTION) return false
  const bytes = u16(frame, length)
  return (
    (bytes === WITHOUT_OPTION || bytes === WITH_OPTION) &&
    frame.length >= AT.icmp.type + bytes &&
    frame[next] === ICMPV6 &&
    frame[hops] === MOST_HOPS &&
    frame[AT.icmp.type] === SOLICITATION &&
    frame[AT.icmp.code] === 0 &&
    checksumOf(frame, bytes) === 0
  )
}

/** Returns the checksum of the ICMPv6 message of this length; 0 if it has its right one already. */
function checksumOf(frame: Uint8Array, length: number): number {
  const message = frame.subarray(AT.icmp.type, AT.icmp.type + length)
  return icmpv6Checksum(frame.subarray(AT.ip.source, AT.icmp.type), message)
}

function u16(bytes: Uint8Array, at: number): number {
  return (present(bytes[at]) << 8) | present(bytes[at + 1])
}

function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value & 0xff
}
