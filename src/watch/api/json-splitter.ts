/** The receiver of the parts of a stream of JSON objects. */
export interface JsonParts {
  /** Takes a whole object, as text. Returns false when no more are wanted. */
  onObject(text: string): boolean
  /**
   * Takes each element of an object's own array `items`. They come before the object, which then
   * comes without them. If this is left out, the object comes with its items.
   */
  onItem?(text: string): void
}

export type Cut =
  | { readonly kind: 'more' }
  /** `onObject` has returned false. */
  | { readonly kind: 'enough' }
  /**
   * The stream is not one of JSON objects; `found` has the bytes around the place that shows it.
   */
  | { readonly kind: 'garbage'; readonly found: string }
  /** A part is larger than allowed. */
  | { readonly kind: 'too-large' }

/**
 * The largest part, in bytes. kube-apiserver accepts 3 MB in one request. An object may have grown
 * since, and JSON is longer than the protobuf it was stored as, but not several times.
 */
export const LARGEST_PART: number = 16 << 20

const more: Cut = { kind: 'more' }
const enough: Cut = { kind: 'enough' }
const tooLarge: Cut = { kind: 'too-large' }

/** How much of a garbled text is shown, in bytes. */
const SHOWN = 200
/**
 * The name of a list's array and the closing quote. An escaped letter in the name is not
 * recognised.
 */
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
 * Cuts a stream of bytes into JSON objects, and lists into their items, so that only one item at a
 * time is in memory. A chunk may end anywhere, also within a character.
 *
 * It looks only at quotes, brackets and separators, so a part that comes out may still be invalid
 * JSON. But two values without a separator between them, as when bytes were lost, are garbage at
 * once.
 */
export class JsonSplitter {
  readonly #parts: JsonParts
  readonly #largest: number
  #chunk: Buffer = Buffer.alloc(0)
  /** The offset in the chunk at which the part that has begun goes on. */
  #from = 0
  readonly #object: Buffer[] = []
  readonly #item: Buffer[] = []
  /** The bytes held in `#object` and `#item` together. */
  #held = 0
  /** The number of open brackets; 0 between two objects. */
  #depth = 0
  #inItems = false
  #inString = false
  /** Whether the byte before was a backslash. */
  #escaped = false
  /** Whether the position is within a number, `true`, `false` or `null`. */
  #inWord = false
  /**
   * Whether a value or a member's name has ended, so that only a separator or a bracket may follow.
   */
  #ended = false
  /** How many bytes of ITEMS the latest string at depth 1 matches; -1 if it is another string. */
  #matched = -1

  constructor(parts: JsonParts, largest: number = LARGEST_PART) {
    this.#parts = parts
    this.#largest = largest
  }

  /** Whether an object has begun and not ended. */
  get unfinished(): boolean {
    return this.#depth > 0
  }

  /** Takes the next chunk, passes on the parts that it completes, and returns whether to go on. */
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

  /**
   * Returns the position after the string that goes on at `from`, or the end of the chunk; -1 if a
   * byte is not allowed in a string.
   */
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
      // This is most likely a newline: bytes were lost, and a later object ends here.
      else if (byte < SPACE) return -1
    }
    return chunk.length
  }

  /** Takes one byte outside of strings. */
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

  /** Notes that a value begins; one that is no object or array counts as ended at once. */
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

  /** Keeps the chunk up to `to` for the part that has begun. */
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
