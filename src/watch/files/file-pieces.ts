import { isUtf8 } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { type DocumentStream, openStream } from '../../decode/document-stream.ts'

/** Files of at most this size, in bytes, are read as a whole. */
const LARGE = 1024 * 1024
const PIECE_BYTES = 256 * 1024
/** The most bytes of one character. */
const CHARACTER_BYTES = 4

/** What was made of the documents of a large file. */
interface ReadInPieces<Result> {
  readonly result: Result
  /** Whether they were those of the whole file: it may be damaged, or have changed while it was read. */
  readonly isSound: boolean
}

/** Has the documents of a large file read while they are taken; undefined if it has to be read as a whole. */
export function readInPieces<Result>(
  file: string,
  read: (stream: DocumentStream) => Result,
): ReadInPieces<Result> | undefined {
  const pieces = FilePieces.open(file)
  if (pieces === undefined) return undefined
  try {
    const stream = openStream(pieces.pieces(), file)
    if (stream === undefined) return undefined
    const result = read(stream)
    return { result, isSound: stream.isSound && pieces.isSound }
  } finally {
    pieces.close()
  }
}

/** The text of a large file, in pieces. */
export class FilePieces {
  readonly #fd: number
  readonly #stats: Stats
  readonly #pieceBytes: number
  #isText = true

  /** Returns undefined for a file that is not large, and for one that cannot be opened. */
  static open(file: string, pieceBytes: number = PIECE_BYTES): FilePieces | undefined {
    try {
      const stats = statSync(file)
      // A pipe must not be opened to see what it is: what was written to it might be lost.
      if (!stats.isFile() || stats.size <= LARGE) return undefined
      return new FilePieces(openSync(file, 'r'), stats, pieceBytes)
    } catch {
      // The reason is reported when the file is read as a whole.
      return undefined
    }
  }

  private constructor(fd: number, stats: Stats, pieceBytes: number) {
    this.#fd = fd
    this.#stats = stats
    this.#pieceBytes = pieceBytes
  }

  /** Whether the pieces that were taken are text in UTF-8 of a file that has not changed meanwhile. */
  get isSound(): boolean {
    try {
      const { size, mtimeMs, ctimeMs } = fstatSync(this.#fd)
      const was = this.#stats
      return this.#isText && size === was.size && mtimeMs === was.mtimeMs && ctimeMs === was.ctimeMs
    } catch {
      // A network file system forgets a file that was removed.
      return false
    }
  }

  /** Yields the text from its beginning. A piece ends with a whole character. */
  *pieces(): Generator<string, void> {
    const buffer = Buffer.allocUnsafe(this.#pieceBytes + CHARACTER_BYTES)
    let held = 0
    for (let position = 0; ; ) {
      const read = this.#read(buffer, held, position)
      position += read
      held += read
      const end = read === 0 ? held : endOfCharacters(buffer, held)
      const bytes = buffer.subarray(0, end)
      // A zero byte means UTF-16, as in a file that is read as a whole.
      if (!isUtf8(bytes) || bytes.includes(0)) this.#isText = false
      if (!this.#isText) return
      if (end > 0) yield bytes.toString()
      if (read === 0) return
      buffer.copyWithin(0, end, held)
      held -= end
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #read(buffer: Buffer, from: number, position: number): number {
    try {
      return readSync(this.#fd, buffer, from, this.#pieceBytes, position)
    } catch {
      this.#isText = false
      return 0
    }
  }
}

/** Returns where the last character ends that is there as a whole. */
function endOfCharacters(bytes: Buffer, length: number): number {
  for (let at = length - 1; at >= 0 && at >= length - CHARACTER_BYTES; at--) {
    const byte = bytes[at] ?? 0
    // All bytes of a character but the first begin with the bits 10 (RFC 3629, 3).
    if ((byte & 0xc0) !== 0x80) return at + bytesOfCharacter(byte) > length ? at : length
  }
  return length
}

function bytesOfCharacter(first: number): number {
  if (first >= 0xf0) return 4
  if (first >= 0xe0) return 3
  return first >= 0xc0 ? 2 : 1
}
