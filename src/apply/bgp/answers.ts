// Takes apart what a daemon of FRR writes to its vty socket. This file opens nothing.

/** What a daemon says to one command. */
export interface Answer {
  /** A `CMD_` code of FRR's lib/command.h: 0 is success, whatever the text says; 2 unknown, 13 failed. */
  readonly code: number
  readonly text: string
}

/** What has to be done with the bytes that came. */
type Read =
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  /** Nothing after this can be understood. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Three zeros and the code. */
const TRAILER = 4

/** Puts answers together from the pieces in which they arrive; the text of none is longer than `limit`. */
export class AnswerReader {
  readonly #limit: number
  #pieces: Uint8Array[] = []
  #size = 0
  /** The bytes of a trailer that have arrived. */
  #trailer: number[] = []

  /** `limit`: bytes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  read(bytes: Uint8Array): Read {
    const answers: Answer[] = []
    let at = 0
    while (at < bytes.length) {
      at = this.#trailer.length === 0 ? this.#readText(bytes, at) : this.#readTrailer(bytes, at)
      if (this.#size > this.#limit) {
        return { kind: 'unreadable', reason: `an answer is longer than ${this.#limit} bytes` }
      }
      if (this.#trailer.slice(0, TRAILER - 1).some((byte) => byte !== 0)) {
        return { kind: 'unreadable', reason: 'an answer does not end with three zeros and a code' }
      }
      if (this.#trailer.length === TRAILER) answers.push(this.#finish())
    }
    return { kind: 'answers', answers }
  }

  /** No text has a zero in it. */
  #readText(bytes: Uint8Array, from: number): number {
    const zero = bytes.indexOf(0, from)
    const end = zero < 0 ? bytes.length : zero
    this.#pieces.push(bytes.subarray(from, end))
    this.#size += end - from
    if (zero < 0) return end
    this.#trailer.push(0)
    return end + 1
  }

  #readTrailer(bytes: Uint8Array, at: number): number {
    this.#trailer.push(bytes[at] ?? 0)
    return at + 1
  }

  #finish(): Answer {
    const answer = { code: this.#trailer.at(-1) ?? 0, text: textOf(this.#pieces, this.#size) }
    this.#pieces = []
    this.#size = 0
    this.#trailer = []
    return answer
  }
}

function textOf(pieces: readonly Uint8Array[], size: number): string {
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return new TextDecoder().decode(all)
}
