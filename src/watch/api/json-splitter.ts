/** Who is told what stands in a stream of JSON objects. */
export interface JsonParts {
  /** A whole object, as text. False: nothing more is wanted. */
  onObject(text: string): boolean
  /**
   * Each element of an object's own array `items`, before the object, which is then told without
   * them. Left out: the object is told with them.
   */
  onItem?(text: string): void
}

export type Cut =
  | { readonly kind: 'more' }
  /** `onObject` wants no more. */
  | { readonly kind: 'enough' }
  /** This is no stream of JSON objects; with the bytes around the place that shows it. */
  | { readonly kind: 'garbage'; readonly found: string }
  /** A part is larger than allowed. */
  | { readonly kind: 'too-large' }

/**
 * Bytes of one part. kube-apiserver takes 3 MB in one request, and an object that it made larger
 * since, or wrote out of protobuf, is not several times that.
 */
export const LARGEST_PART: number = 16 << 20

const more: Cut = { kind: 'more' }
const enough: Cut = { kind: 'enough' }
const tooLarge: Cut = { kind: 'too-large' }

/** What of a garbled text is shown, in bytes. */
const SHOWN = 200
/** The name of a list's array and the quote behind it. A server that escaped a letter has no list. */
const ITEMS = Buffer.from('items"')

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Cuts a stream of bytes into JSON objects, and lists into their items, so that one item at a time
 * is in memory. A chunk may end anywhere, also within a character.
 *
 * Only quotes, brackets and separators are looked at: a part that comes out may still be no JSON.
 * But two values without a separator between them, as where bytes were lost, are garbage at once.
 */
export class JsonSplitter {
  readonly #parts: JsonParts
  readonly #largest: number
  #chunk: Buffer = Buffer.alloc(0)
  /** From here on the chunk belongs to the part that has begun. */
  #from = 0
  readonly #object: Buffer[] = []
  readonly #item: Buffer[] = []
  /** Bytes in both. */
  #held = 0
  /** Open brackets; 0: between two objects. */
  #depth = 0
  #inItems = false
  #inString = false
  /** Behind a backslash. */
  #escaped = false
  /** Within a number, `true`, `false` or `null`. */
  #inWord = false
  /** A value or a member's name has ended; what may follow is a separator or a bracket. */
  #ended = false
  /** How much of ITEMS the latest string at depth 1 has; -1: it is another. */
  #matched = -1

  constructor(parts: JsonParts, largest: number = LARGEST_PART) {
    this.#parts = parts
    this.#largest = largest
  }

  /** Whether an object has begun and not ended. */
  get unfinished(): boolean {
    return this.#depth > 0
  }

  take(chunk: Buffer): Cut {
    this.#chunk = chunk
    this.#from = 0
    let at = 0
    while (at < chunk.length) {
      if (this.#inString) {
        at = this.#passString(at)
        if (at < 0) return this.#garbage()
        continue
      }
      const cut = this.#step(chunk[at] ?? SPACE, at)
      if (cut.kind !== 'more') return cut
      at++
    }
    if (this.#depth > 0) this.#hold(chunk.length)
    return this.#held > this.#largest ? tooLarge : more
  }

  /** From within a string to behind it, or to the end of the chunk; -1: no string goes on so. */
  #passString(from: number): number {
    const chunk = this.#chunk
    const named = this.#depth === 1
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? SPACE
      if (named && this.#matched >= 0) {
        this.#matched = byte === ITEMS[this.#matched] ? this.#matched + 1 : -1
      }
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) {
        this.#inString = false
        return at + 1
      }
      // A newline most likely: bytes were lost, and here ends a later object.
      else if (byte < SPACE) return -1
    }
    return chunk.length
  }

  /** One byte outside of strings. */
  #step(byte: number, at: number): Cut {
    if (byte <= SPACE) {
      this.#inWord = false
      return more
    }
    if (this.#depth === 0) return this.#begin(byte, at)
    switch (byte) {
      case QUOTE:
        this.#inString = true
        this.#matched = 0
        return this.#value()
      case OPEN_BRACE:
      case OPEN_BRACKET:
        return this.#open(byte, at)
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        return this.#close(at)
      case COMMA:
      case COLON:
        return this.#separate(at)
      default: {
        const goesOn = this.#inWord
        this.#inWord = true
        return goesOn ? more : this.#value()
      }
    }
  }

  #begin(byte: number, at: number): Cut {
    this.#from = at
    if (byte !== OPEN_BRACE) return this.#garbage()
    this.#depth = 1
    return more
  }

  /** A value begins; one that is no object or array counts as ended with that. */
  #value(): Cut {
    if (this.#ended) return this.#garbage()
    this.#ended = true
    return more
  }

  #open(byte: number, at: number): Cut {
    if (this.#ended) return this.#garbage()
    this.#depth++
    const isItems = this.#depth === 2 && byte === OPEN_BRACKET && this.#matched === ITEMS.length
    if (!isItems || this.#parts.onItem === undefined) return more
    this.#hold(at + 1)
    this.#inItems = true
    return more
  }

  #separate(at: number): Cut {
    if (!this.#ended) return this.#garbage()
    this.#ended = false
    this.#inWord = false
    if (this.#inItems && this.#depth === 2) this.#endItem(at, at + 1)
    return more
  }

  #close(at: number): Cut {
    this.#inWord = false
    const none = !this.#ended
    this.#ended = true
    this.#depth--
    if (this.#depth === 0) return this.#endObject(at + 1)
    if (!this.#inItems || this.#depth > 1) return more
    if (none) this.#from = at
    else this.#endItem(at, at)
    this.#inItems = false
    return more
  }

  #endItem(to: number, next: number): void {
    this.#hold(to)
    const text = this.#release(this.#item)
    this.#from = next
    this.#parts.onItem?.(text)
  }

  #endObject(to: number): Cut {
    this.#hold(to)
    this.#ended = false
    this.#matched = -1
    return this.#parts.onObject(this.#release(this.#object)) ? more : enough
  }

  /** Keeps the chunk up to there for the part that has begun. */
  #hold(to: number): void {
    const bytes = this.#chunk.subarray(this.#from, to)
    const part = this.#inItems ? this.#item : this.#object
    part.push(bytes)
    this.#held += bytes.length
    this.#from = to
  }

  #release(part: Buffer[]): string {
    const bytes = Buffer.concat(part.splice(0))
    this.#held -= bytes.length
    return bytes.toString()
  }

  #garbage(): Cut {
    const begun = [...this.#object, ...this.#item, this.#chunk.subarray(this.#from)]
    return { kind: 'garbage', found: Buffer.concat(begun).subarray(0, SHOWN).toString() }
  }
}
