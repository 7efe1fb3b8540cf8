import type { AttributeWriter } from '../netlink/attributes.ts'

/** Comments of rules and elements: one TLV of nft's user data (type 0), with the text and a NUL. */

const COMMENT = 0
const MAX_BYTES = 128

/** Writes a comment. nft takes at most 128 bytes, so a longer one is cut between characters. */
export function writeComment(writer: AttributeWriter, type: number, comment: string): void {
  const text = fitComment(comment)
  const size = Buffer.byteLength(text)
  const at = writer.zeros(type, size + 3)
  const { target } = writer
  target[at] = COMMENT
  target[at + 1] = size + 1
  if (size > text.length) target.write(text, at + 2)
  else for (let i = 0; i < size; i++) target[at + 2 + i] = text.charCodeAt(i)
}

/** Returns the comment as the kernel will hold it. */
export function fitComment(comment: string): string {
  // A character takes at most three bytes per UTF-16 unit.
  if (3 * comment.length <= MAX_BYTES) return comment
  const bytes = Buffer.from(comment)
  if (bytes.length <= MAX_BYTES) return comment
  let end = MAX_BYTES
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

/** Returns the comment in nft's user data; undefined where there is none. */
export function decodeComment(buffer: Buffer, start: number, end: number): string | undefined {
  let at = start
  while (at + 2 <= end) {
    const next = at + 2 + (buffer[at + 1] ?? 0)
    if (buffer[at] === COMMENT && next <= end) return buffer.toString('utf8', at + 2, next - 1)
    at = next
  }
  return undefined
}
