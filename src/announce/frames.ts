import { type Address, familyOf } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import {
  type ArpFrame,
  arpProbe,
  ETHERTYPE_ARP,
  encodeArp,
  gratuitousArp,
  NO_IPV4,
  parseArp,
} from './frames-arp.ts'
import {
  type Advertisement,
  ETHERTYPE_IPV6,
  encodeNdp,
  NO_IPV6,
  parseNdp,
  type Solicitation,
} from './frames-ndp.ts'
import { ndpProbe, unsolicited } from './neighbours.ts'

/** A frame of ARP or of IPv6 neighbour discovery. */
export type Frame = ArpFrame | Solicitation | Advertisement

/** What a frame lets a listener know about an address. */
export type Heard =
  /** The one with this MAC address says that it has the address. */
  | { readonly kind: 'answer'; readonly address: Address; readonly mac: string }
  /** The one with this MAC address asks whether anybody has it, because it wants to take it. */
  | { readonly kind: 'probe'; readonly address: Address; readonly mac: string }

/** Returns the frame of these bytes; undefined if they are anything else. It takes any bytes. */
export function parseFrame(bytes: Uint8Array): Frame | undefined {
  switch (((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0)) {
    case ETHERTYPE_ARP:
      return parseArp(bytes)
    case ETHERTYPE_IPV6:
      return parseNdp(bytes)
    default:
      return undefined
  }
}

/** Returns the bytes that `parseFrame` reads. */
export function encodeFrame(frame: Frame): Uint8Array {
  return frame.kind === 'arp' ? encodeArp(frame) : encodeNdp(frame)
}

/** Returns what a frame lets a listener know; undefined if it is an ordinary question. */
export function heardFrom(frame: Frame): Heard | undefined {
  switch (frame.kind) {
    case 'arp':
      if (frame.sender !== NO_IPV4) {
        return { kind: 'answer', address: frame.sender, mac: frame.senderMac }
      }
      if (frame.operation === 'reply') return undefined
      return { kind: 'probe', address: frame.target, mac: frame.senderMac }
    case 'solicitation':
      if (frame.source !== NO_IPV6) return undefined
      return { kind: 'probe', address: frame.target, mac: frame.from }
    case 'advertisement':
      return { kind: 'answer', address: frame.target, mac: frame.linkLayer ?? frame.from }
    default:
      return unreachable(frame)
  }
}

/** Returns the question by which a node asks the wire whether anybody answers for an address. */
export function probeFrame(mac: string, address: Address): Frame {
  return familyOf(address) === 'ipv4' ? arpProbe(mac, address) : ndpProbe(mac, address)
}

/** Returns the frames that tell all neighbours that an address is at `mac`. */
export function gratuitousFrames(mac: string, address: Address): readonly Frame[] {
  return familyOf(address) === 'ipv4' ? gratuitousArp(mac, address) : [unsolicited(mac, address)]
}
