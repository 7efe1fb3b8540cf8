import type { DocumentPart } from './document-part.ts'
import { type Documents, isJson, LIST_LIMIT, withoutMark } from './documents.ts'
import { jsonOpening, readJsonList } from './json-pieces.ts'
import { type Problem, report as startReport } from './problem.ts'
import { TextWindow } from './text-window.ts'
import { readYamlPieces } from './yaml-pieces.ts'

/** Documents that are read while they are taken. */
export interface DocumentStream {
  /** To be gone through once. */
  readonly parts: Iterable<DocumentPart>
  /** Complete when all parts have been taken. */
  readonly problems: readonly Problem[]
  /**
   * Whether the parts are those of the whole text. That is known when all have been taken: text in JSON may be
   * damaged at its end, and then none of it counts.
   */
  readonly isSound: boolean
}

/** Returns documents that were read before. */
export function wholeStream({ values, problems }: Documents): DocumentStream {
  return { parts: documentParts(values), problems, isSound: true }
}

function* documentParts(values: readonly unknown[]): Iterable<DocumentPart> {
  for (const value of values) yield { kind: 'document', value }
}

/**
 * Reads a long text in pieces, one document or item of a List at a time. If it is sound, its parts and problems are
 * those of `readDocuments`. Returns undefined for a text that has to be read as a whole; then some pieces are taken.
 */
export function openStream(
  pieces: Iterable<string>,
  source: string,
  limit: number = LIST_LIMIT,
): DocumentStream | undefined {
  const rest = pieces[Symbol.iterator]()
  const first = new TextWindow(rest)
  while (!first.isWhole && first.text.length <= limit) first.grow()
  const text = withoutMark(first.text)
  const report = startReport(source)
  if (text.trim() === '') return undefined
  if (!isJson(text)) {
    return streamOf(readYamlPieces(joined(text, rest), limit, report), report.problems)
  }
  const opening = jsonOpening(text)
  if (opening === undefined) return undefined
  return streamOf(readJsonList(new TextWindow(joined(text, rest)), opening), [])
}

function streamOf(
  parts: Generator<DocumentPart, boolean>,
  problems: readonly Problem[],
): DocumentStream {
  const stream = { parts: taken(), problems, isSound: true }
  function* taken(): Iterable<DocumentPart> {
    stream.isSound = yield* parts
  }
  return stream
}

function* joined(first: string, rest: Iterator<string>): Generator<string, void> {
  yield first
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value
}
