export const LINE_FEED = 10
export const SPACE = 32

interface Literal {
  readonly value: string
  /** The position after it: of a line that begins something else, or the end. */
  readonly end: number
}

/**
 * Reads the text after `|`, `|-` or `|+` at a position, below a key or dash in `column` (YAML 1.2.2,
 * 8.1). Returns undefined if it is empty or has lines of spaces, which Go writes in quotes.
 */
export function literalScalar(text: string, at: number, column: number): Literal | undefined {
  const header = /\|([-+]?)\n/y
  header.lastIndex = at
  const chomping = header.exec(text)?.[1]
  if (chomping === undefined) return undefined
  let begin = endOfEmptyLines(text, header.lastIndex)
  const indent = spacesAt(text, begin)
  if (indent <= column) return undefined
  let value = text.slice(header.lastIndex, begin)
  let breaks = ''
  for (;;) {
    const spaces = spacesAt(text, begin)
    if (spaces > 0 && isEnd(text, begin + spaces)) return undefined
    if (spaces < indent) return { value: value + chomped(breaks, chomping), end: begin }
    const end = endOfLine(text, begin)
    value += breaks + text.slice(begin + indent, end)
    begin = endOfEmptyLines(text, end)
    breaks = text.slice(end, begin)
  }
}

/** Returns what remains of the line breaks at the end. */
function chomped(breaks: string, chomping: string): string {
  if (chomping === '-') return ''
  return chomping === '+' && breaks !== '' ? breaks : '\n'
}

/** Returns the position after the line breaks at a position. */
function endOfEmptyLines(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === LINE_FEED) at++
  return at
}

function spacesAt(text: string, begin: number): number {
  let at = begin
  while (text.charCodeAt(at) === SPACE) at++
  return at - begin
}

function isEnd(text: string, at: number): boolean {
  return at >= text.length || text.charCodeAt(at) === LINE_FEED
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
