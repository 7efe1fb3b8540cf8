import { hash } from 'node:crypto'
import { type DocumentStream, wholeStream } from '../../decode/document-stream.ts'
import { readDocuments } from '../../decode/documents.ts'
import { nameOf } from '../../decode/fields.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import { ObjectWalk } from '../objects.ts'
import { type Resource, resources } from '../resources.ts'
import { readInPieces } from './file-pieces.ts'
import { readText } from './files.ts'

/** `resource namespace/name`, by which an object is known. */
export type Key = `${Resource} ${string}`

export type VisitObject = (key: Key, object: unknown, digest: string) => void

/** What a file has, as it was read. */
export interface FileObjects {
  readonly digests: ReadonlyMap<Key, string>
  readonly problems: readonly Problem[]
  /**
   * Visits the objects that have these digests. Returns false if not all of them are there any more: the objects of a
   * large file are not in memory but read again, and the file may have changed.
   */
  readonly visit: (visit: VisitObject) => boolean
}

/** Reads a large file without having its objects in memory; undefined if it has to be read as a whole. */
export function largeFileObjects(
  file: string,
  followed: readonly Resource[],
): FileObjects | undefined {
  const digests = new Map<Key, string>()
  const problems = visitLarge(file, followed, (key, _, digest) => digests.set(key, digest))
  if (problems === undefined) return undefined
  const visit = (take: VisitObject): boolean => {
    const left = new Set(digests.keys())
    const again = visitLarge(file, followed, (key, object, digest) => {
      if (digest !== digests.get(key)) return
      left.delete(key)
      take(key, object, digest)
    })
    return again !== undefined && left.size === 0
  }
  return { digests, problems, visit }
}

/** Returns the problems with the file; undefined if it cannot be read in pieces, or changes meanwhile. */
function visitLarge(
  file: string,
  followed: readonly Resource[],
  visit: VisitObject,
): readonly Problem[] | undefined {
  const read = readInPieces(file, (stream) => visitStream(stream, file, followed, visit))
  return read?.isSound === true ? read.result : undefined
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
  const found = visitStream(wholeStream(documents), file, followed, (key, object, digest) => {
    values.set(key, object)
    digests.set(key, digest)
  })
  const visit = (take: VisitObject): boolean => {
    for (const [key, digest] of digests) take(key, values.get(key), digest)
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
  const report = startReport(file)
  const walk = new ObjectWalk(file, followed, (resource, object) => {
    const { kind, namespaced } = resources[resource]
    const name = nameOf(object, namespaced)
    const digest = digestOf(object)
    if (digest !== undefined) visit(`${resource} ${name}`, object, digest)
    else {
      const found = said('an object that is nested too deep')
      report.error(`${kind} ${name}`, found, 'one of fewer levels')
    }
  })
  for (const part of stream.parts) walk.take(part)
  return [...stream.problems, ...walk.end(), ...report.problems]
}

/** Returns undefined for an object that has more levels than the stack has room for. */
function digestOf(object: unknown): string | undefined {
  try {
    return hash('sha1', JSON.stringify(object), 'base64')
  } catch {
    return undefined
  }
}
