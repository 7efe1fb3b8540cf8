const NEWLINE = 0x0a

/**
 * Cuts a stream of bytes into lines: give it each chunk, it returns the lines that became whole.
 * A line may be of any length, and a chunk may end within a character.
 */
export function lineSplitter(): (chunk: Buffer) => string[] {
  let rest: Buffer[] = []
  return (chunk) => {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(Buffer.concat([...rest, chunk.subarray(start, end)]).toString())
      rest = []
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
    return lines
  }
}
