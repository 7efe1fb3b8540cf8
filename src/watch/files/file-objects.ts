import { hash } from 'node:crypto'
import { type DocumentStream, openStream, wholeStream } from '../../decode/document-stream.ts'
import { readDocuments } from '../../decode/documents.ts'
import { nameOf } from '../../decode/fields.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import { ObjectWalk } from '../objects.ts'
import { type Resource, resources } from '../resources.ts'
import { FilePieces } from './file-pieces.ts'
import { readText } from './files.ts'

/** `resource namespace/name`, by which an object is known. */
export type Key = `${Resource} ${string}`

export type VisitObject = (key: Key, object: unknown) => void

/** What a file has, as it was read. */
export interface FileObjects {
  readonly digests: ReadonlyMap<Key, string>
  readonly problems: readonly Problem[]
  /**
   * Visits the objects as they are last defined in the file. Returns false if the file has changed since, and not all
   * of them are visited: of a large file they are not in memory.
   */
  readonly visit: (visit: VisitObject) => boolean
}

/** Reads a large file without having its objects in memory; undefined if it has to be read as a whole. */
export function largeFileObjects(
  file: string,
  followed: readonly Resource[],
): FileObjects | undefined {
  const digests = new Map<Key, string>()
  /** Which of the objects in the file is the last that a key has. */
  const last = new Map<Key, number>()
  const problems = visitLarge(file, followed, (key, object, at) => {
    digests.set(key, digestOf(object))
    last.set(key, at)
  })
  if (problems === undefined) return undefined
  const visit = (take: VisitObject): boolean => {
    const again = visitLarge(file, followed, (key, object, at) => {
      if (last.get(key) === at) take(key, object)
    })
    return again !== undefined
  }
  return { digests, problems, visit }
}

/** Returns the problems with the file; undefined if it cannot be read in pieces, or changes meanwhile. */
function visitLarge(
  file: string,
  followed: readonly Resource[],
  visit: (key: Key, object: unknown, at: number) => void,
): readonly Problem[] | undefined {
  const pieces = FilePieces.open(file)
  if (pieces === undefined) return undefined
  try {
    const stream = openStream(pieces.pieces(), file)
    if (stream === undefined) return undefined
    let count = 0
    const problems = visitStream(stream, file, followed, (key, object) => {
      visit(key, object, count++)
    })
    return stream.isSound && pieces.isSound ? problems : undefined
  } finally {
    pieces.close()
  }
}

/** Reads a file as a whole. That nothing is in it is a problem unless it `mayBeEmpty`. */
export function wholeFileObjects(
  file: string,
  followed: readonly Resource[],
  mayBeEmpty: boolean,
): FileObjects {
  const report = startReport(file)
  const text = readText(file, report)
  // A program that writes a file in place empties it first.
  const emptied = text?.trim() === '' && !mayBeEmpty
  if (emptied) report.error('', said('nothing any more'), 'objects, or no such file')
  const documents = text === undefined ? { values: [], problems: [] } : readDocuments(text, file)
  const digests = new Map<Key, string>()
  const values = new Map<Key, unknown>()
  const found = visitStream(wholeStream(documents), file, followed, (key, object) => {
    values.set(key, object)
    digests.set(key, digestOf(object))
  })
  const visit = (take: VisitObject): boolean => {
    for (const [key, object] of values) take(key, object)
    return true
  }
  return { digests, problems: [...report.problems, ...found], visit }
}

function visitStream(
  stream: DocumentStream,
  file: string,
  followed: readonly Resource[],
  visit: VisitObject,
): readonly Problem[] {
  const walk = new ObjectWalk(file, followed, (resource, object) => {
    visit(`${resource} ${nameOf(object, resources[resource].namespaced)}`, object)
  })
  for (const part of stream.parts) walk.take(part)
  return [...stream.problems, ...walk.end()]
}

function digestOf(object: unknown): string {
  return hash('sha1', JSON.stringify(object), 'base64')
}
