// nf_tables uses network byte order for its numbers; generic netlink and rtnetlink use the host's.

import { type AttributeWriter, HOST_LITTLE_ENDIAN } from './attributes.ts'

/** Writes a 16-bit attribute in host order. */
export function writeU16(writer: AttributeWriter, type: number, value: number): void {
  const at = writer.attribute(type, 2)
  viewOf(writer.target).setUint16(at, value, HOST_LITTLE_ENDIAN)
}

/** Writes a 32-bit attribute in host order. */
export function writeU32(writer: AttributeWriter, type: number, value: number): void {
  const at = writer.attribute(type, 4)
  viewOf(writer.target).setUint32(at, value, HOST_LITTLE_ENDIAN)
}

/** Reads a number in host order; 0 where the attribute is missing or too short, as in `readU32`. */
export function readU16(value: Buffer | undefined): number {
  if (value === undefined || value.length < 2) return 0
  return viewOf(value).getUint16(0, HOST_LITTLE_ENDIAN)
}

/** Reads a number in host order; 0 where the attribute is missing or too short. */
export function readU32(value: Buffer | undefined): number {
  if (value === undefined || value.length < 4) return 0
  return viewOf(value).getUint32(0, HOST_LITTLE_ENDIAN)
}

/**
 * Reads a number of 64 bits in host order, which is exact up to 2^53; 0 where the attribute is missing
 * or too short.
 */
export function readU64(value: Buffer | undefined): number {
  if (value === undefined || value.length < 8) return 0
  return Number(HOST_LITTLE_ENDIAN ? value.readBigUInt64LE(0) : value.readBigUInt64BE(0))
}

/** Returns the 4 bytes of a number in host order, as the kernel compares it with its own. */
export function hostU32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  viewOf(bytes).setUint32(0, value, HOST_LITTLE_ENDIAN)
  return bytes
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
