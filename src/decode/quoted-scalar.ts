/** A quoted text on one line. It begins at `lastIndex`. */
const DOUBLE_QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y
const SINGLE_QUOTED = /'(?:[^'\n]|'')*'/y

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^xuU]))/g
const ESCAPES = /^(?:[^\\]|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}|[0abefnrtvN_LP "/\\]))*$/

/** What a letter after a backslash stands for (YAML 1.2.2, 5.7). Others stand for themselves. */
const MEANINGS: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
}

/** A quoted text with its quotes. */
interface Quoted {
  readonly value: string
  /** The position after it. */
  readonly end: number
}

/** Returns the quoted text at a position; undefined if it has errors or more than one line. */
export function quotedScalar(text: string, at: number): Quoted | undefined {
  const isDouble = text.charAt(at) === '"'
  const pattern = isDouble ? DOUBLE_QUOTED : SINGLE_QUOTED
  pattern.lastIndex = at
  if (!pattern.test(text)) return undefined
  const end = pattern.lastIndex
  const inside = text.slice(at + 1, end - 1)
  const value = isDouble ? unescaped(inside) : inside.replaceAll("''", "'")
  return value === undefined ? undefined : { value, end }
}

function unescaped(inside: string): string | undefined {
  if (!inside.includes('\\')) return inside
  if (!ESCAPES.test(inside)) return undefined
  return inside.replace(ESCAPE, (_, two, four, eight, letter) => {
    const digits: string | undefined = two ?? four ?? eight
    if (digits === undefined) return MEANINGS[letter] ?? letter
    return String.fromCodePoint(Number.parseInt(digits, 16))
  })
}
