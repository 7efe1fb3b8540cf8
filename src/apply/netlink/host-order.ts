// nf_tables uses network byte order for its numbers; generic netlink and rtnetlink use the host's.

import { type AttributeWriter, HOST_LITTLE_ENDIAN } from './attributes.ts'

/** Writes a 16-bit attribute in host order. */
export function writeU16(writer: AttributeWriter, type: number, value: number): void {
  const at = writer.attribute(type, 2)
  if (HOST_LITTLE_ENDIAN) writer.target.writeUInt16LE(value, at)
  else writer.target.writeUInt16BE(value, at)
}

/** Writes a 32-bit attribute in host order. */
export function writeU32(writer: AttributeWriter, type: number, value: number): void {
  const at = writer.attribute(type, 4)
  if (HOST_LITTLE_ENDIAN) writer.target.writeUInt32LE(value >>> 0, at)
  else writer.target.writeUInt32BE(value >>> 0, at)
}

/** Reads a number in host order; 0 where the attribute is missing or too short, as in `readU32`. */
export function readU16(value: Buffer | undefined): number {
  if (value === undefined || value.length < 2) return 0
  return HOST_LITTLE_ENDIAN ? value.readUInt16LE(0) : value.readUInt16BE(0)
}

/** Reads a number in host order; 0 where the attribute is missing or too short. */
export function readU32(value: Buffer | undefined): number {
  if (value === undefined || value.length < 4) return 0
  return HOST_LITTLE_ENDIAN ? value.readUInt32LE(0) : value.readUInt32BE(0)
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
  if (HOST_LITTLE_ENDIAN) bytes.writeUInt32LE(value >>> 0)
  else bytes.writeUInt32BE(value >>> 0)
  return bytes
}
