import { type Address, addressBytes } from '../../src/model/address.ts'

/** Frames as they are on the wire, written anew so that the program's own are held against them. */

export interface ArpFields {
  readonly destination?: string
  readonly source: string
  readonly operation: 1 | 2
  readonly senderMac?: string
  readonly sender: string
  readonly targetMac?: string
  readonly target: string
}

export const BROADCAST = 'ff:ff:ff:ff:ff:ff'

export function arp(fields: ArpFields): Buffer {
  const { destination = BROADCAST, source, operation, sender, target } = fields
  const { senderMac = source, targetMac = '00:00:00:00:00:00' } = fields
  return Buffer.concat([
    mac(destination),
    mac(source),
    Buffer.from([0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, operation]),
    mac(senderMac),
    ip(sender),
    mac(targetMac),
    ip(target),
  ])
}

export interface NdpFields {
  readonly destinationMac?: string
  readonly sourceMac: string
  readonly source: string
  readonly destination?: string
  readonly type: 135 | 136
  /** The first byte of the flags. */
  readonly flags?: number
  readonly target: string
  readonly option?: Buffer
  readonly hops?: number
}

export function ndp(fields: NdpFields): Buffer {
  const { sourceMac, source, type, flags = 0, target, option = Buffer.alloc(0) } = fields
  const group = solicitedNode(target)
  const { destination = group.address, destinationMac = group.mac, hops = 255 } = fields
  const body = Buffer.concat([Buffer.from([type, 0, 0, 0, flags, 0, 0, 0]), ip(target), option])
  const addresses = Buffer.concat([ip(source), ip(destination)])
  const pseudo = Buffer.concat([addresses, Buffer.from([0, 0, 0, body.length, 0, 0, 0, 58])])
  body.writeUInt16BE(checksum(Buffer.concat([pseudo, body])), 2)
  const head = Buffer.from([0x60, 0, 0, 0, 0, body.length, 58, hops])
  return Buffer.concat([
    mac(destinationMac),
    mac(sourceMac),
    Buffer.from([0x86, 0xdd]),
    head,
    addresses,
    body,
  ])
}

/** Who sends a datagram, and who receives it. */
interface UdpFields {
  readonly macs: readonly [string, string]
  readonly ips: readonly [string, string]
  readonly payload: Uint8Array
}

/** A datagram between two addresses of one family; receivers of this take no port and no checksum amiss. */
export function udp({ macs, ips, payload }: UdpFields): Buffer {
  const length = 8 + payload.length
  const ports = Buffer.from([0x1f, 0x90, 0x1f, 0x90, length >> 8, length & 255, 0, 0])
  const addresses = Buffer.concat(ips.map(ip))
  const link = Buffer.concat([mac(macs[1]), mac(macs[0])])
  if (ips[0].includes(':')) {
    const head = Buffer.from([0x86, 0xdd, 0x60, 0, 0, 0, length >> 8, length & 255, 17, 64])
    return Buffer.concat([link, head, addresses, ports, payload])
  }
  const head = Buffer.from([
    0x45,
    0,
    (20 + length) >> 8,
    (20 + length) & 255,
    0,
    0,
    0x40,
    0,
    64,
    17,
    0,
    0,
  ])
  head.writeUInt16BE(checksum(Buffer.concat([head, addresses])), 10)
  return Buffer.concat([link, Buffer.from([0x08, 0]), head, addresses, ports, payload])
}

/** RFC 4291, 2.7.1 and RFC 2464, 7. */
function solicitedNode(target: string): { readonly address: string; readonly mac: string } {
  const [a = 0, b = 0, c = 0] = ip(target).subarray(13)
  const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
  return {
    address: `ff02::1:ff${hex(a)}:${hex(b)}${hex(c)}`,
    mac: `33:33:ff:${hex(a)}:${hex(b)}:${hex(c)}`,
  }
}

/** The option that names a link-layer address: type 1 of who asks, type 2 of who answers. */
export function macOption(type: 1 | 2, address: string): Buffer {
  return Buffer.concat([Buffer.from([type, 1]), mac(address)])
}

/** RFC 7527: what Linux puts into its probes. */
export const NONCE: Buffer = Buffer.from([14, 1, 1, 2, 3, 4, 5, 6])

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return 0xffff - sum
}

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}

function ip(text: string): Buffer {
  return Buffer.from(addressBytes(text as Address))
}
