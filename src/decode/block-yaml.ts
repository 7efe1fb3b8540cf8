import { LINE_FEED, literalScalar, SPACE } from './literal-scalar.ts'
import { plainScalar } from './plain-scalar.ts'
import { quotedScalar } from './quoted-scalar.ts'

const TAB = 9
const DOUBLE_QUOTE = 34
const HASH = 35
const SINGLE_QUOTE = 39
const DASH = 45
const COLON = 58
const PIPE = 124

/** What cannot begin a scalar without quotes, or begins something that is not read here. */
const INDICATORS = new Set([...',[]{}#&*!|>\'"%@`'].map((each) => each.charCodeAt(0)))

/** What cannot begin a scalar without quotes if a space follows. */
const BLOCK_INDICATORS = new Set([...'-?:'].map((each) => each.charCodeAt(0)))

/** Objects have some ten levels. */
const MAX_DEPTH = 100

/** Safely below the 1,024 characters that a key may have (YAML 1.2.2, 8.2.2). */
const MAX_KEY = 1000

/**
 * Reads a document in the style in which kubectl and Go print YAML: maps and sequences in block
 * style, `{}`, `[]`, scalars on one line, and texts after `|`, `|-` and `|+`. Comments are passed
 * over. Returns undefined for a document that has anything else, and for one that is wrong; what is
 * wrong it does not say. Otherwise the value is what `parseAnyYaml` reads (ADR 0031). Long texts in
 * it share the memory of `text`.
 */
export function readBlockYaml(text: string): unknown {
  if (text.includes('\r') || text.includes('\ufeff')) return undefined
  return new BlockReader(text).read()
}

/**
 * Stands on a line with content, or at the end. What it cannot read with certainty takes it to the
 * end at once, so that every loop ends there.
 */
class BlockReader {
  readonly #text: string
  /** The position of what is read next, on the line or in it. */
  #at = 0
  /** The number of spaces that the line begins with; -1 at the end. */
  #indent = -1
  #isCertain = true
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): unknown {
    this.#toLine(0)
    if (this.#indent === 0 && this.#text.startsWith('---', this.#at)) {
      this.#at += 3
      if (!this.#toRest()) return undefined
    }
    if (this.#indent < 0) return undefined
    const value = this.#block(this.#indent)
    return this.#isCertain && this.#indent < 0 ? value : undefined
  }

  /** Goes to the first line from `from` on that has content. `from` begins a line. */
  #toLine(from: number): void {
    let begin = from
    for (;;) {
      let at = begin
      while (this.#text.charCodeAt(at) === SPACE) at++
      const code = this.#text.charCodeAt(at)
      if (code === HASH) begin = this.#lineAfter(at)
      else if (code === LINE_FEED) begin = at + 1
      else {
        this.#at = at
        this.#indent = at < this.#text.length ? at - begin : -1
        return
      }
    }
  }

  #lineAfter(at: number): number {
    const end = this.#text.indexOf('\n', at)
    return end < 0 ? this.#text.length : end + 1
  }

  #refuse(): undefined {
    this.#isCertain = false
    this.#indent = -1
    this.#at = this.#text.length
  }

  /** Reads a map or a sequence that begins here, in `column`. */
  #block(column: number): unknown {
    if (this.#depth === MAX_DEPTH) return this.#refuse()
    this.#depth++
    const value = this.#isIndicator(DASH, this.#at) ? this.#sequence(column) : this.#map(column)
    this.#depth--
    return value
  }

  #map(column: number): unknown {
    const map: Record<string, unknown> = {}
    do {
      const key = this.#key()
      if (key === undefined || Object.hasOwn(map, key)) return this.#refuse()
      map[key] = this.#afterKey(column)
    } while (this.#indent === column)
    return map
  }

  #sequence(column: number): unknown {
    const list: unknown[] = []
    do list.push(this.#item(column))
    while (this.#indent === column && this.#isIndicator(DASH, this.#at))
    return list
  }

  /** Reads the key here and goes to what follows its colon; undefined if there is none. */
  #key(): string | undefined {
    const begin = this.#at
    const code = this.#text.charCodeAt(begin)
    const quoted = isQuote(code) ? quotedScalar(this.#text, begin) : undefined
    const end = isQuote(code) ? quoted?.end : this.#endOfPlain()
    if (end === undefined || !this.#isIndicator(COLON, end) || end - begin > MAX_KEY)
      return undefined
    const key = quoted?.value ?? plainScalar(this.#text.slice(begin, end))
    this.#at = end + 1
    return typeof key === 'string' && key !== '<<' && key !== '__proto__' ? key : undefined
  }

  #afterKey(column: number): unknown {
    if (!this.#toRest()) return this.#inline(column)
    if (this.#indent > column) return this.#block(this.#indent)
    if (this.#indent === column && this.#isIndicator(DASH, this.#at)) return this.#block(column)
    return null
  }

  #item(column: number): unknown {
    const dash = this.#at
    this.#at++
    if (this.#toRest()) return this.#indent > column ? this.#block(this.#indent) : null
    return this.#beginsBlock() ? this.#block(column + this.#at - dash) : this.#inline(column)
  }

  /** Goes to what follows on the line. If that is nothing, goes to the next line and returns true. */
  #toRest(): boolean {
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++
    if (!this.#isEndOfLine(this.#at)) return false
    this.#toLine(this.#lineAfter(this.#at))
    return true
  }

  /** Returns whether a line has nothing from here on but a comment, which has a space before it. */
  #isEndOfLine(at: number): boolean {
    const code = this.#text.charCodeAt(at)
    if (code === HASH) return this.#text.charCodeAt(at - 1) === SPACE
    return code === LINE_FEED || at >= this.#text.length
  }

  /** Returns whether what begins here, after a dash, is a sequence or a map. */
  #beginsBlock(): boolean {
    if (this.#isIndicator(DASH, this.#at)) return true
    const isQuoted = isQuote(this.#text.charCodeAt(this.#at))
    const end = isQuoted ? quotedScalar(this.#text, this.#at)?.end : this.#endOfPlain()
    return end !== undefined && this.#isIndicator(COLON, end)
  }

  /** Returns whether a character has a space, or the end of the line, after it. */
  #isIndicator(code: number, at: number): boolean {
    if (this.#text.charCodeAt(at) !== code) return false
    const next = this.#text.charCodeAt(at + 1)
    return next === SPACE || next === LINE_FEED || at + 1 >= this.#text.length
  }

  /** Reads what has begun on the line of a key or a dash in `column`. */
  #inline(column: number): unknown {
    const begin = this.#at
    const code = this.#text.charCodeAt(begin)
    if (code === PIPE) return this.#literal(column)
    if (isQuote(code)) {
      const quoted = quotedScalar(this.#text, begin)
      return quoted === undefined ? this.#refuse() : this.#ended(quoted.value, quoted.end)
    }
    if (this.#text.startsWith('{}', begin)) return this.#ended({}, begin + 2)
    if (this.#text.startsWith('[]', begin)) return this.#ended([], begin + 2)
    const end = this.#endOfPlain()
    if (end === undefined) return this.#refuse()
    return this.#ended(plainScalar(this.#text.slice(begin, end)), end)
  }

  /** Returns a value after which the line has to end. */
  #ended(value: unknown, end: number): unknown {
    this.#at = end
    return this.#toRest() ? value : this.#refuse()
  }

  #literal(column: number): unknown {
    const literal = literalScalar(this.#text, this.#at, column)
    if (literal === undefined) return this.#refuse()
    this.#toLine(literal.end)
    return literal.value
  }

  /**
   * Returns the end of a scalar without quotes on its line: before its colon, a comment, and the
   * spaces at its end. Undefined if there is none.
   */
  #endOfPlain(): number | undefined {
    const begin = this.#at
    const first = this.#text.charCodeAt(begin)
    if (INDICATORS.has(first)) return undefined
    if (BLOCK_INDICATORS.has(first) && this.#isIndicator(first, begin)) return undefined
    // It may be the mark between two documents.
    if (this.#text.startsWith('---', begin) || this.#text.startsWith('...', begin)) return undefined
    let end = begin
    for (let at = begin; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === TAB) return undefined
      if (code === LINE_FEED || (code === COLON && this.#isIndicator(COLON, at))) break
      if (code === HASH && this.#text.charCodeAt(at - 1) === SPACE) break
      if (code !== SPACE) end = at + 1
    }
    return end
  }
}

function isQuote(code: number): boolean {
  return code === DOUBLE_QUOTE || code === SINGLE_QUOTE
}
