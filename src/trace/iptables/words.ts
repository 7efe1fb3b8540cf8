/** Returns the words of a rule; what iptables-save quoted is one word, without the quotes. */
export function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(WORD)].map(([word]) =>
    word.startsWith('"') ? word.replace(/^"|"$/g, '').replace(/\\(.)/gs, '$1') : word,
  )
}

/** A quote without an end reaches to the end of the text. */
const WORD = /"(?:\\.|[^"\\])*(?:"|\\?$)|[^\s"][^\s]*/gs

interface Found {
  /** The word for each `*`. */
  readonly values: readonly string[]
  readonly negated: boolean
  readonly length: number
}

/** Words such as `-m mark [!] --mark *`: `*` is any word, `[!]` is an optional `!`. */
export type Pattern = readonly string[]

/** Returns undefined if the words at `from` do not fit the pattern. */
export function compare(
  pattern: Pattern,
  words: readonly string[],
  from: number,
): Found | undefined {
  const values: string[] = []
  let negated = false
  let at = from
  for (const expected of pattern) {
    const word = words[at]
    if (expected === '[!]') {
      if (word !== '!') continue
      negated = true
    } else if (word === undefined || (expected !== '*' && expected !== word)) return undefined
    else if (expected === '*') values.push(word)
    at += 1
  }
  return { values, negated, length: at - from }
}
