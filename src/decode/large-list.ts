import { present } from '../model/present.ts'

/** A List in block style, as kubectl writes it in YAML, with its items apart. */
export interface LargeList {
  /** The document with an empty list in place of the items, and empty lines in place of theirs. */
  readonly envelope: string
  readonly items: Iterable<ListItem>
}

interface ListItem {
  /** A YAML sequence with this item alone. */
  readonly text: string
  /** The line of the document, from 1, where the item begins. */
  readonly line: number
}

/**
 * Splits a List without parsing it, so that the parser has at most one item in memory. In block
 * style a line that begins with the dash of the items always begins an item, whatever precedes it
 * (YAML 1.2.2, 8.2.1). Returns undefined if the document is not such a List. An alias to an anchor
 * in another item fails; kubectl writes none.
 */
export function asLargeList(text: string): LargeList | undefined {
  const opening = listOpening(text)
  if (opening === undefined) return undefined
  const { head, begin, indent } = opening
  const end = endOfItems(text, begin, indent)
  const lines = '\n'.repeat(linesIn(text.slice(begin, end)))
  return {
    envelope: `${head}${lines}${text.slice(end)}`,
    items: itemsIn(text, begin, end, indent),
  }
}

/** How a List in block style begins. */
export interface ListOpening {
  /** The document before the items, with an empty list in place of them. */
  readonly head: string
  /** The position of the first item. */
  readonly begin: number
  /** The spaces before the dash of an item. */
  readonly indent: string
}

/** Returns undefined if this text does not begin a List in block style. */
export function listOpening(text: string): ListOpening | undefined {
  const items = /^items:[ \t]*\n(?=( *)- )/m.exec(text)
  if (items === null) return undefined
  // Another document is before the List, which `...` ends (YAML 1.2.2, 9.1.2).
  if (/^\.\.\.\s/m.test(text.slice(0, items.index))) return undefined
  const head = `${text.slice(0, items.index)}items: []\n`
  return { head, begin: items.index + items[0].length, indent: present(items[1]) }
}

/** Returns the position of the first line that is indented less than the items. */
function endOfItems(text: string, begin: number, indent: string): number {
  for (let at = begin; at < text.length; at = nextLine(text, at)) {
    if (!isInside(text, at, indent)) return at
  }
  return text.length
}

/** Returns whether a line belongs to the items of a List. */
export function isInside(text: string, at: number, indent: string): boolean {
  const first = text[at]
  if (first === '\n' || first === '\r' || first === '#') return true
  if (!text.startsWith(indent, at)) return false
  const next = text[at + indent.length]
  return next === ' ' || next === '-' || next === '\n' || next === '#'
}

function* itemsIn(text: string, begin: number, end: number, indent: string): Iterable<ListItem> {
  const dash = `${indent}- `
  let line = linesIn(text.slice(0, begin)) + 1
  let from = begin
  for (let at = nextLine(text, begin); from < end; at = nextLine(text, at)) {
    if (at < end && !text.startsWith(dash, at)) continue
    const item = text.slice(from, Math.min(at, end))
    yield { text: withoutManagedFields(item, indent), line }
    line += linesIn(item)
    from = at
  }
}

/**
 * Returns the item without metadata.managedFields, which is most of what kubectl writes and says
 * nothing about Services. Its lines are left empty, so that the others keep their numbers. A line
 * with this indent cannot be inside a block text, whose lines are indented deeper than its key.
 */
export function withoutManagedFields(item: string, indent: string): string {
  const key = `\n${indent}    managedFields:\n`
  const begin = item.indexOf(key)
  if (begin < 0) return item
  let at = begin + key.length
  while (at < item.length && isBelow(item, at, `${indent}    `)) at = nextLine(item, at)
  const removed = item.slice(begin + 1, at)
  const isOfMetadata = item.lastIndexOf(`\n${indent}  metadata:\n`, begin) >= 0
  if (!isOfMetadata) return item
  return item.slice(0, begin + 1) + removed.replace(/[^\n]+/g, '') + item.slice(at)
}

/** Returns whether a line is part of the value below a key at `indent`. */
function isBelow(text: string, at: number, indent: string): boolean {
  if (!text.startsWith(indent, at)) return false
  const next = text.slice(at + indent.length, at + indent.length + 2)
  return next.startsWith(' ') || next === '- '
}

/** Returns the position after the end of a line. */
export function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

/** Returns how many lines end in a text. */
export function linesIn(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
