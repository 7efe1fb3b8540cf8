/** A character that is written with a backslash in double quotes. */
const ESCAPE = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/gs

/** What the letter after a backslash stands for (YAML 1.2.2, 5.7). */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  ['\\0', '\0'],
  ['\\a', '\x07'],
  ['\\b', '\b'],
  ['\\e', '\x1b'],
  ['\\f', '\f'],
  ['\\n', '\n'],
  ['\\r', '\r'],
  ['\\t', '\t'],
  ['\\v', '\v'],
  ['\\N', '\u0085'],
  ['\\_', '\u00a0'],
  ['\\L', '\u2028'],
  ['\\P', '\u2029'],
  ['\\ ', ' '],
  ['\\"', '"'],
  ['\\/', '/'],
  ['\\\\', '\\'],
])

const HIGHEST_CODE_POINT = 0x10ffff

interface Quoted {
  readonly value: string
  /** The position after the last quote. */
  readonly end: number
}

/** Returns the quoted text at a position; undefined if it has errors or more than one line. */
export function quotedScalar(text: string, at: number): Quoted | undefined {
  const isDouble = text.charAt(at) === '"'
  const end = isDouble ? endOfDouble(text, at + 1) : endOfSingle(text, at + 1)
  if (end === undefined) return undefined
  const inside = text.slice(at + 1, end - 1)
  const value = isDouble ? unescaped(inside) : inside.replaceAll("''", "'")
  return value === undefined ? undefined : { value, end }
}

function endOfDouble(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '"') return at + 1
    if (character === '\n') return undefined
    if (character === '\\') at++
  }
  return undefined
}

function endOfSingle(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '\n') return undefined
    if (character !== "'") continue
    if (text[at + 1] !== "'") return at + 1
    at++
  }
  return undefined
}

function unescaped(inside: string): string | undefined {
  if (!inside.includes('\\')) return inside
  let isKnown = true
  const value = inside.replace(ESCAPE, (written) => {
    const character = characterOf(written)
    if (character === undefined) isKnown = false
    return character ?? ''
  })
  return isKnown ? value : undefined
}

function characterOf(written: string): string | undefined {
  if (written.length === 2) return MEANINGS.get(written)
  const code = Number.parseInt(written.slice(2), 16)
  return code <= HIGHEST_CODE_POINT ? String.fromCodePoint(code) : undefined
}
