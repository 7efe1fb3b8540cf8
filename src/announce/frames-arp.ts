import { type Address, addressBytes, addressFromBytes } from '../model/address.ts'
import { BROADCAST, macBytes, macText } from './mac.ts'

/** An ARP packet for IPv4 over Ethernet (RFC 826), with the header of its frame. */
export interface ArpFrame {
  readonly kind: 'arp'
  readonly operation: 'request' | 'reply'
  /** The MAC addresses of the frame. */
  readonly to: string
  readonly from: string
  /** What the packet says of its sender, and the one that it asks or answers. */
  readonly senderMac: string
  readonly sender: Address
  readonly targetMac: string
  readonly target: Address
}

export const ETHERTYPE_ARP = 0x0806

const NO_MAC = '00:00:00:00:00:00'
export const NO_IPV4: Address = '0.0.0.0' as Address

/** Ethernet, IPv4, and the lengths of their addresses. */
const KIND = [0, 1, 8, 0, 6, 4]

const LENGTH = 42

/** Returns a question for an address that claims nothing: its sender is 0.0.0.0 (RFC 5227, 2.1.1). */
export function arpProbe(mac: string, address: Address): ArpFrame {
  return request({ mac, address: NO_IPV4 }, address)
}

function request(sender: Asker, target: Address): ArpFrame {
  return {
    kind: 'arp',
    operation: 'request',
    to: BROADCAST,
    from: sender.mac,
    senderMac: sender.mac,
    sender: sender.address,
    targetMac: NO_MAC,
    target,
  }
}

interface Asker {
  readonly mac: string
  readonly address: Address
}

/**
 * Returns the two packets that tell all neighbours that `address` is at `mac`: some systems heed only
 * the request, others only the reply (RFC 5227, 3 and RFC 2002, 4.6).
 */
export function gratuitousArp(mac: string, address: Address): readonly ArpFrame[] {
  const asked = request({ mac, address }, address)
  return [asked, { ...asked, operation: 'reply', targetMac: BROADCAST }]
}

/** Returns the bytes of the frame, without the padding that the interface adds. */
export function encodeArp(frame: ArpFrame): Uint8Array {
  const bytes = new Uint8Array(LENGTH)
  bytes.set(macBytes(frame.to), 0)
  bytes.set(macBytes(frame.from), 6)
  bytes.set([ETHERTYPE_ARP >> 8, ETHERTYPE_ARP & 255, ...KIND], 12)
  bytes[21] = frame.operation === 'request' ? 1 : 2
  bytes.set(macBytes(frame.senderMac), 22)
  bytes.set(addressBytes(frame.sender), 28)
  bytes.set(macBytes(frame.targetMac), 32)
  bytes.set(addressBytes(frame.target), 38)
  return bytes
}

/** Returns the ARP packet of a frame with that EtherType; undefined if it is none for IPv4. */
export function parseArp(bytes: Uint8Array): ArpFrame | undefined {
  if (bytes.length < LENGTH || KIND.some((byte, at) => bytes[14 + at] !== byte)) return undefined
  if (bytes[20] !== 0 || (bytes[21] !== 1 && bytes[21] !== 2)) return undefined
  const mac = (at: number): string => macText(bytes.subarray(at, at + 6))
  const address = (at: number): Address => addressFromBytes(bytes.subarray(at, at + 4))
  return {
    kind: 'arp',
    operation: bytes[21] === 1 ? 'request' : 'reply',
    to: mac(0),
    from: mac(6),
    senderMac: mac(22),
    sender: address(28),
    targetMac: mac(32),
    target: address(38),
  }
}
