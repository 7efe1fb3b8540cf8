/** The words of a rule; one that iptables-save quoted is one word, without the quotes. */
export function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(WORD)].map(([word]) =>
    word.startsWith('"') ? word.replace(/^"|"$/g, '').replace(/\\(.)/gs, '$1') : word,
  )
}

/** A quote that nobody ends goes to the end. */
const WORD = /"(?:\\.|[^"\\])*(?:"|\\?$)|[^\s"][^\s]*/gs

interface Found {
  /** What stood for each `*`. */
  readonly values: readonly string[]
  readonly negated: boolean
  readonly length: number
}

/** Words such as `-m mark [!] --mark *`: `*` is any word, `[!]` a `!` that may be there. */
export type Pattern = readonly string[]

/** Undefined where the words from there on differ from the pattern. */
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
