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
