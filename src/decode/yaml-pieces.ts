import type { DocumentPart } from './document-part.ts'
import { valuesIn, valuesOfPart } from './documents.ts'
import {
  isInside,
  type ListOpening,
  linesIn,
  listOpening,
  nextLine,
  withoutManagedFields,
} from './large-list.ts'
import { assumedEnvelope, isEnvelope } from './list-envelope.ts'
import { type Report, report as startReport } from './problem.ts'
import { TextWindow } from './text-window.ts'

/** Some of a document, in whole lines. */
interface Block {
  readonly text: string
  /** Whether the document ends with it. */
  readonly isLast: boolean
}

/**
 * Reads the documents of a text that comes in pieces, one at a time, and Lists of more than `limit` characters
 * item by item. Returns whether what was assumed of Lists has come true; if not, what was passed on does not count.
 */
export function* readYamlPieces(
  pieces: Iterable<string>,
  limit: number,
  report: Report,
): Generator<DocumentPart, boolean> {
  const blocks = blocksIn(pieces)
  let line = 1
  for (let first = blocks.next(); first.done !== true; first = blocks.next()) {
    const window = new TextWindow(untilLast(first.value, blocks))
    while (!window.isWhole && window.text.length <= limit) window.grow()
    const opening = window.isWhole ? undefined : listOpening(window.text)
    if (opening === undefined) {
      window.growWhole()
      for (const value of valuesOfPart(window.text, line, limit, report))
        yield { kind: 'document', value }
      line += linesIn(window.text)
    } else {
      const end = yield* readList(window, opening, line, report)
      if (end === undefined) return false
      line = end
    }
  }
  return true
}

/** Passes on a List; returns the line after its end, or undefined if it is another than was assumed. */
function* readList(
  window: TextWindow,
  { head, begin, indent }: ListOpening,
  firstLine: number,
  report: Report,
): Generator<DocumentPart, number | undefined> {
  const envelope = assumedEnvelope(onlyValueIn(head))
  if (envelope === undefined) return undefined
  yield { kind: 'list', envelope }
  let line = firstLine + linesIn(head)
  window.drop(begin)
  for (const item of itemsIn(window, indent)) {
    const values = valuesIn(withoutManagedFields(item, indent), line, report)
    for (const value of values.flat()) yield { kind: 'item', value }
    line += linesIn(item)
  }
  window.growWhole()
  const isAsAssumed = isEnvelope(onlyValueIn(`${head}${window.text}`), envelope)
  return isAsAssumed ? line + linesIn(window.text) : undefined
}

/** Yields the texts of the items, and leaves what follows them in the window. */
function* itemsIn(window: TextWindow, indent: string): Generator<string, void> {
  const dash = `${indent}- `
  for (let at = nextLine(window.text, 0); ; ) {
    while (at < window.text.length && isInside(window.text, at, indent)) {
      if (window.text.startsWith(dash, at)) {
        yield window.text.slice(0, at)
        window.drop(at)
        at = 0
      }
      at = nextLine(window.text, at)
    }
    if (at < window.text.length || window.isWhole) {
      yield window.text.slice(0, at)
      window.drop(at)
      return
    }
    window.grow()
  }
}

/** Returns undefined for what has problems, or several values: `...` ends a document, too. */
function onlyValueIn(text: string): unknown {
  const report = startReport('')
  const [value, ...more] = valuesIn(text, 1, report)
  return report.problems.length + more.length === 0 ? value : undefined
}

function* untilLast(first: Block, blocks: Iterator<Block>): Generator<string, void> {
  let next: IteratorResult<Block> = { value: first }
  while (next.done !== true) {
    yield next.value.text
    if (next.value.isLast) return
    next = blocks.next()
  }
}

/** Cuts a text at the ends of documents, and between lines where a piece ends. */
function* blocksIn(pieces: Iterable<string>): Generator<Block, void> {
  let isFirst = true
  let line: string[] = []
  for (const piece of pieces) {
    const end = piece.lastIndexOf('\n') + 1
    line.push(end === 0 ? piece : piece.slice(0, end))
    if (end === 0) continue
    yield* blocksOf(line.join(''), isFirst, false)
    isFirst = false
    line = [piece.slice(end)]
  }
  yield* blocksOf(line.join(''), isFirst, true)
}

function* blocksOf(text: string, isFirst: boolean, isLast: boolean): Generator<Block, void> {
  let begin = 0
  for (let at = text.indexOf('---'); at >= 0; at = text.indexOf('---', at + 1)) {
    if (!isMark(text, at) || (isFirst && at === 0)) continue
    yield { text: text.slice(begin, at), isLast: true }
    begin = at
  }
  yield { text: text.slice(begin), isLast }
}

/** Returns whether these dashes are a mark between two documents (YAML 1.2.2, 9.1.2). */
function isMark(text: string, at: number): boolean {
  return /^(?:\s|$)/.test(text.slice(at + 3, at + 4)) && (at === 0 || isLineEnd(text, at - 1))
}

function isLineEnd(text: string, at: number): boolean {
  return /[\n\r\u2028\u2029]/.test(text.charAt(at))
}
