import type { DocumentPart, ListEnvelope } from './document-part.ts'
import { assumedEnvelope, isEnvelope } from './list-envelope.ts'
import type { TextWindow } from './text-window.ts'

const SPACE = 32
const QUOTE = 34
const COMMA = 44
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** The beginning of a List in JSON. */
interface JsonOpening {
  /** The text up to the bracket before the items, which is its last character. */
  readonly head: string
  readonly envelope: ListEnvelope
}

/** Returns how a List in JSON begins; undefined if this text does not begin one. */
export function jsonOpening(text: string): JsonOpening | undefined {
  const items = /"items"\s*:\s*\[/.exec(text)
  if (items === null) return undefined
  const head = text.slice(0, items.index + items[0].length)
  // This is JSON only if the bracket opens a list in the outermost object.
  const envelope = assumedEnvelope(parsed(`${head}]}`))
  return envelope && { head, envelope }
}

/**
 * Reads the List that begins in the first piece of a window, one item at a time. Returns whether all of it is JSON,
 * and a List such as its beginning told; if not, what was passed on does not count.
 */
export function* readJsonList(
  window: TextWindow,
  { head, envelope }: JsonOpening,
): Generator<DocumentPart, boolean> {
  window.grow()
  window.drop(head.length)
  yield { kind: 'list', envelope }
  const ends = new ItemEnds(window)
  for (let isFirst = true; ; isFirst = false) {
    const end = ends.next()
    if (end === undefined) return false
    const isLast = window.text.charCodeAt(end) !== COMMA
    const text = window.text.slice(ends.begin, end)
    if (!(isFirst && isLast && text.trim() === '')) {
      const value = parsed(text)
      if (value === undefined) return false
      yield { kind: 'item', value }
    }
    if (isLast) return isRest(window, end, { head, envelope })
  }
}

/** Returns whether what follows the items completes the List. */
function isRest(window: TextWindow, end: number, { head, envelope }: JsonOpening): boolean {
  window.growWhole()
  const rest = window.text.slice(end)
  // Of a key that is there twice, the last one counts.
  if (/"items"|\\u/.test(rest)) return false
  return isEnvelope(parsed(`${head}${rest}`), envelope)
}

/** Finds where the items of a list end. It looks only at quotes, brackets and commas. */
class ItemEnds {
  readonly #window: TextWindow
  /** Where the item begins whose end is looked for, or was found last. */
  begin = 0
  #at = 0
  #depth = 0
  #isInString = false

  constructor(window: TextWindow) {
    this.#window = window
  }

  /** Returns the position of the comma or the bracket after the next item; undefined if there is none. */
  next(): number | undefined {
    this.begin = this.#at
    for (;;) {
      const end = this.#endIn(this.#window.text)
      if (end !== undefined) return end
      if (this.#window.isWhole) return undefined
      this.#window.drop(this.begin)
      this.#at -= this.begin
      this.begin = 0
      this.#window.grow()
    }
  }

  #endIn(text: string): number | undefined {
    let at = this.#isInString ? this.#endOfString(text, this.#at) : this.#at
    while (at < text.length) {
      const code = text.charCodeAt(at++)
      // Most of what kubectl prints outside of texts is indentation.
      if (code <= SPACE) continue
      if (code === QUOTE) at = this.#endOfString(text, at)
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#depth++
      else if (this.#depth === 0 && (code === COMMA || code === CLOSE_BRACKET)) {
        this.#at = at
        return at - 1
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#depth--
    }
    this.#at = at
    return undefined
  }

  /** Returns the position after the quote that ends a string; past the end of this text if it goes on there. */
  #endOfString(text: string, from: number): number {
    let at = from
    while (at < text.length) {
      const code = text.charCodeAt(at++)
      if (code === QUOTE) {
        this.#isInString = false
        return at
      }
      // What follows a backslash may be in the next piece.
      if (code === BACKSLASH) at++
    }
    this.#isInString = true
    return at
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
