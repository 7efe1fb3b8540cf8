import type { DocumentPart } from '../../decode/document-part.ts'
import { type DocumentStream, openStream, wholeStream } from '../../decode/document-stream.ts'
import { type Documents, LIST_LIMIT, readDocuments } from '../../decode/documents.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import { FilePieces } from './file-pieces.ts'
import { attempt, filesAt, readText } from './files.ts'

/** What makes something of the documents of files, one file after the other. */
export interface FilesReader<Result> {
  /** Gets what is wrong with files that cannot be read. */
  readonly note: (problems: readonly Problem[]) => void
  /** Begins a file, or `stdin`. */
  readonly begin: (source: string) => FileReader
  /** Returns what was made of all of them. */
  readonly end: () => Result
}

export interface FileReader {
  readonly take: (part: DocumentPart) => void
  /** Gets the problems with the text of the file. */
  readonly end: (problems: readonly Problem[]) => void
}

/**
 * Reads files, folders, and standard input for `-`, one file after the other, so that only one of them is in
 * memory, and of a large file only one object. Where such a file is damaged, or changes meanwhile, that may show after
 * objects of it were taken: then all is read again, by another reader, with each file as a whole.
 */
export function readFiles<Result>(
  paths: readonly string[],
  stdin: () => string,
  start: () => FilesReader<Result>,
): Result {
  const input = onlyOnce(() => readStdin(stdin))
  const reader = start()
  if (takeFiles(paths, input, reader, true)) return reader.end()
  const again = start()
  takeFiles(paths, input, again, false)
  return again.end()
}

/** Passes on the documents of one file that were read elsewhere. */
export function readDocumentsOf(documents: Documents, source: string, reader: Reader): void {
  take(wholeStream(documents), source, reader)
}

/** Has two readers take the same files: a pipe can be read only once. The first notes what cannot be read. */
export function together<First, Second>(
  first: FilesReader<First>,
  second: FilesReader<Second>,
): FilesReader<readonly [First, Second]> {
  return {
    note: (problems) => first.note(problems),
    begin: (source) => {
      const [one, other] = [first.begin(source), second.begin(source)]
      return {
        take: (part) => {
          one.take(part)
          other.take(part)
        },
        end: (problems) => {
          one.end(problems)
          other.end(problems)
        },
      }
    },
    end: () => [first.end(), second.end()],
  }
}

interface Text {
  /** Undefined if it cannot be read. */
  readonly text: string | undefined
  readonly problems: readonly Problem[]
}

type Reader = FilesReader<unknown>

/** Returns false as soon as a file that is read in pieces is not as it seemed to be. */
function takeFiles(
  paths: readonly string[],
  input: () => Text,
  reader: Reader,
  inPieces: boolean,
): boolean {
  for (const path of new Set(paths)) {
    if (path !== '-') {
      if (!takePath(path, reader, inPieces)) return false
    } else if (!takeInput(input(), reader, inPieces)) return false
  }
  return true
}

function takePath(path: string, reader: Reader, inPieces: boolean): boolean {
  const place = startReport(path)
  const files = filesAt(path, place)
  reader.note(place.problems)
  return files.every((file) => {
    const isSound = inPieces ? takePieces(file, reader) : undefined
    return isSound ?? takeWhole(file, file === path, reader)
  })
}

/** Returns whether the parts count; undefined if the file has to be read as a whole. */
function takePieces(file: string, reader: Reader): boolean | undefined {
  const pieces = FilePieces.open(file)
  if (pieces === undefined) return undefined
  try {
    const stream = openStream(pieces.pieces(), file)
    if (stream === undefined) return undefined
    take(stream, file, reader)
    return stream.isSound && pieces.isSound
  } finally {
    pieces.close()
  }
}

function takeWhole(file: string, isNamed: boolean, reader: Reader): true {
  const report = startReport(file)
  const text = readText(file, report)
  reader.note(report.problems)
  if (text === undefined) return true
  // Only an empty file that was named is reported, not one in a folder.
  if (isNamed && text.trim() === '') noteNothing(file, reader)
  else take(wholeStream(readDocuments(text, file)), file, reader)
  return true
}

function readStdin(read: () => string): Text {
  const report = startReport('stdin')
  return { text: attempt(read, report, 'YAML or JSON'), problems: report.problems }
}

function takeInput({ text, problems }: Text, reader: Reader, inPieces: boolean): boolean {
  reader.note(problems)
  if (text === undefined) return true
  const pieces = inPieces && text.length > LIST_LIMIT ? openStream([text], 'stdin') : undefined
  const stream = pieces ?? wholeStream(readDocuments(text, 'stdin'))
  // Empty input means that the program before the pipe failed: one that finds no objects prints
  // an empty List.
  if (!take(stream, 'stdin', reader)) noteNothing('stdin', reader)
  return stream.isSound
}

/** Returns whether there was anything. */
function take({ parts, problems }: DocumentStream, source: string, reader: Reader): boolean {
  const file = reader.begin(source)
  let hasParts = false
  for (const part of parts) {
    file.take(part)
    hasParts = true
  }
  file.end(problems)
  return hasParts || problems.length > 0
}

function noteNothing(source: string, reader: Reader): void {
  const report = startReport(source)
  report.error('', said('nothing'), 'objects')
  reader.note(report.problems)
}

/** A pipe can be read only once. */
function onlyOnce<Value>(read: () => Value): () => Value {
  let found: { readonly value: Value } | undefined
  return () => {
    found ??= { value: read() }
    return found.value
  }
}
