/**
 * Returns words as lines of at most `columns` characters, with spaces between words; without
 * `columns`, as one line. A word is never broken, so an address stays whole: one that is longer has
 * a line to itself. Lines after the first begin with `indent`.
 */
export function wrapped(
  words: readonly string[],
  columns: number | undefined,
  indent: string,
): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || columns === undefined || longer.trimEnd().length <= columns) line = longer
    else {
      lines.push(line)
      line = indent + word
    }
  }
  return line === '' ? lines : [...lines, line]
}
