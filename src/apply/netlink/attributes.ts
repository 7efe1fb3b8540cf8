/**
 * Netlink attributes: u16 length (with this header), u16 type, payload, padded to 4 bytes. The
 * header is in host order; the numbers of nf_tables inside are big-endian.
 */

const NESTED = 0x8000
const TYPE_MASK = 0x3fff
const HEADER = 4
const CHUNK = 256 * 1024

/**
 * Bytes of the first chunk. It is small so that V8 sees early how chunks end: if that first happened
 * after it has optimised what writes, it would have to optimise all of it again.
 */
const FIRST = 4096

/** Header fields and `slot` keys are in the byte order of the machine. */
export const HOST_LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * Writes messages one after another into large shared chunks: 200,000 elements would otherwise be a
 * million small buffers. A buffer that `finish` returned is never written to again.
 */
export class AttributeWriter {
  readonly #chunk: number
  #buffer: Buffer
  #start = 0
  #position = 0

  constructor(chunk: number = CHUNK) {
    this.#chunk = chunk
    this.#buffer = Buffer.allocUnsafe(Math.min(FIRST, chunk))
  }

  /** The bytes of the current message. */
  get length(): number {
    return this.#position - this.#start
  }

  /** Ends the message and returns it; the next one begins. */
  finish(): Buffer {
    const message = this.#buffer.subarray(this.#start, this.#position)
    this.#start = this.#position
    return message
  }

  /** Writes an nfgenmsg: family, version 0, resource id 0. */
  family(family: number): this {
    const at = this.#reserve(4)
    this.#buffer.fill(0, at, at + 4)
    this.#buffer[at] = family
    return this
  }

  u8(type: number, value: number): this {
    // First the room, because making it may replace the buffer.
    const at = this.attribute(type, 1)
    this.#buffer[at] = value
    return this
  }

  u32(type: number, value: number): this {
    const at = this.attribute(type, 4)
    this.#buffer.writeUInt32BE(value >>> 0, at)
    return this
  }

  i32(type: number, value: number): this {
    return this.u32(type, value)
  }

  u64(type: number, value: bigint): this {
    const at = this.attribute(type, 8)
    this.#buffer.writeBigUInt64BE(value, at)
    return this
  }

  /** Writes the text with a NUL at its end. */
  text(type: number, value: string): this {
    const size = Buffer.byteLength(value)
    const at = this.attribute(type, size + 1)
    this.#buffer.write(value, at)
    this.#buffer[at + size] = 0
    return this
  }

  bytes(type: number, value: Uint8Array): this {
    const at = this.attribute(type, value.length)
    for (let i = 0; i < value.length; i++) this.#buffer[at + i] = value[i] ?? 0
    return this
  }

  /** Writes an attribute of `size` zero bytes; returns where they start in `target`. */
  zeros(type: number, size: number): number {
    const at = this.attribute(type, size)
    for (let i = 0; i < size; i++) this.#buffer[at + i] = 0
    return at
  }

  /** Opens a nested attribute; returns what `close` takes. */
  open(type: number): number {
    const at = this.#reserve(HEADER)
    this.#header(at, HEADER, type | NESTED)
    return at - this.#start
  }

  close(opened: number): this {
    const at = this.#start + opened
    this.#u16(at, this.#position - at)
    return this
  }

  nested(type: number, write: (writer: this) => void): this {
    const opened = this.open(type)
    write(this)
    return this.close(opened)
  }

  /** Reserves room for the payload of an attribute; returns where to write it in `target`. */
  attribute(type: number, size: number): number {
    const padded = (size + 3) & ~3
    const at = this.#reserve(HEADER + padded)
    this.#header(at, HEADER + size, type)
    for (let i = size; i < padded; i++) this.#buffer[at + HEADER + i] = 0
    return at + HEADER
  }

  /** The current buffer, only for positions that `attribute` or `zeros` has just returned. */
  get target(): Buffer {
    return this.#buffer
  }

  #reserve(size: number): number {
    if (this.#position + size > this.#buffer.length) this.#grow(size)
    const at = this.#position
    this.#position += size
    return at
  }

  #grow(size: number): void {
    const used = this.length
    const grown = Buffer.allocUnsafe(Math.max(this.#chunk, 2 * (used + size)))
    this.#buffer.copy(grown, 0, this.#start, this.#position)
    this.#buffer = grown
    this.#start = 0
    this.#position = used
  }

  #header(at: number, size: number, type: number): void {
    this.#u16(at, size)
    this.#u16(at + 2, type)
  }

  #u16(at: number, value: number): void {
    this.#buffer[HOST_LITTLE_ENDIAN ? at : at + 1] = value & 0xff
    this.#buffer[HOST_LITTLE_ENDIAN ? at + 1 : at] = value >> 8
  }
}

/**
 * Calls `visit` for every attribute between two offsets; an attribute cut off at the end is
 * dropped.
 */
export function eachAttribute(
  buffer: Buffer,
  start: number,
  end: number,
  visit: (type: number, start: number, end: number) => void,
): void {
  let at = start
  while (at + HEADER <= end) {
    const size = readU16(buffer, at)
    if (size < HEADER || at + size > end) return
    visit(readU16(buffer, at + 2) & TYPE_MASK, at + HEADER, at + size)
    at += (size + 3) & ~3
  }
}

/** Attributes by type; meant for messages that come by the dozen, not for elements. */
export type Attributes = ReadonlyMap<number, Buffer>

/** Returns the attributes of a payload; of several with one type, the last one. */
export function readAttributes(payload: Buffer): Attributes {
  const found = new Map<number, Buffer>()
  eachAttribute(payload, 0, payload.length, (type, start, end) => {
    found.set(type, payload.subarray(start, end))
  })
  return found
}

/** Returns the attributes of a message, which follow its nfgenmsg. */
export function messageAttributes(payload: Buffer): Attributes {
  return readAttributes(payload.subarray(4))
}

/** Returns the text up to the first NUL; the empty string where the attribute is missing. */
export function readText(value: Buffer | undefined): string {
  if (value === undefined) return ''
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end < 0 ? value.length : end)
}

/** Reads a big-endian number; 0 where the attribute is missing or too short, as in `readU64`. */
export function readU32(value: Buffer | undefined): number {
  return value !== undefined && value.length >= 4 ? value.readUInt32BE(0) : 0
}

/** Reads a number in network order; 0 where the attribute is missing or too short. */
export function readU64(value: Buffer | undefined): bigint {
  return value !== undefined && value.length >= 8 ? value.readBigUInt64BE(0) : 0n
}

function readU16(buffer: Buffer, at: number): number {
  return HOST_LITTLE_ENDIAN ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at)
}
