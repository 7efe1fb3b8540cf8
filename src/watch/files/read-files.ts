import type { DocumentPart } from '../../decode/document-part.ts'
import { type DocumentStream, openStream, wholeStream } from '../../decode/document-stream.ts'
import { type Documents, LIST_LIMIT, readDocuments } from '../../decode/documents.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import { readInPieces } from './file-pieces.ts'
import { attempt, filesAt, isPipe, readText } from './files.ts'

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
 * objects of it were taken: then all is read again, by another reader, with that file as a whole.
 */
export function readFiles<Result>(
  paths: readonly string[],
  stdin: () => string,
  start: () => FilesReader<Result>,
): Result {
  const pipes = new Pipes(stdin)
  const whole = new Set<string>()
  for (;;) {
    const known = whole.size
    const reader = start()
    for (const path of new Set(paths)) takePath(path, { reader, pipes, whole })
    if (whole.size === known) return reader.end()
  }
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
  /** The path, or `stdin`. */
  readonly source: string
  /** Undefined if it cannot be read. */
  readonly text: string | undefined
  readonly problems: readonly Problem[]
}

type Reader = FilesReader<unknown>

/** One reading of all paths. */
interface Turn {
  readonly reader: Reader
  readonly pipes: Pipes
  /** The files that have to be read as a whole; one is added when that shows at its end. */
  readonly whole: Set<string>
}

function takePath(path: string, turn: Turn): void {
  const piped = turn.pipes.textAt(path)
  if (piped !== undefined) {
    takeText(piped, turn)
    return
  }
  const place = startReport(path)
  const files = filesAt(path, place)
  turn.reader.note(place.problems)
  for (const file of files) {
    if (!takePieces(file, turn)) takeWhole(file, file === path, turn.reader)
  }
}

/** Returns false, and takes nothing, if the file has to be read as a whole. */
function takePieces(file: string, { reader, whole }: Turn): boolean {
  if (whole.has(file)) return false
  const read = readInPieces(file, (stream) => take(stream, file, reader))
  if (read?.isSound === false) whole.add(file)
  return read !== undefined
}

function takeWhole(file: string, isNamed: boolean, reader: Reader): void {
  const report = startReport(file)
  const text = readText(file, report)
  reader.note(report.problems)
  if (text === undefined) return
  // Only an empty file that was named is reported, not one in a folder.
  if (isNamed && text.trim() === '') noteNothing(file, reader)
  else take(wholeStream(readDocuments(text, file)), file, reader)
}

function takeText({ source, text, problems }: Text, { reader, whole }: Turn): void {
  reader.note(problems)
  if (text === undefined) return
  const isLarge = text.length > LIST_LIMIT && !whole.has(source)
  const pieces = isLarge ? openStream([text], source) : undefined
  const stream = pieces ?? wholeStream(readDocuments(text, source))
  // Empty input means that the program before the pipe failed: one that finds no objects prints
  // an empty List.
  if (!take(stream, source, reader)) noteNothing(source, reader)
  if (!stream.isSound) whole.add(source)
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

/** The texts of standard input and of pipes, which can be read only once. */
class Pipes {
  readonly #stdin: () => string
  readonly #texts: Map<string, Text> = new Map()

  constructor(stdin: () => string) {
    this.#stdin = stdin
  }

  /** Returns undefined for a path that is none of them. */
  textAt(path: string): Text | undefined {
    const known = this.#texts.get(path)
    if (known !== undefined) return known
    const read = path === '-' ? readStdin(this.#stdin) : readPipe(path)
    if (read !== undefined) this.#texts.set(path, read)
    return read
  }
}

function readStdin(read: () => string): Text {
  const report = startReport('stdin')
  const text = attempt(read, report, 'YAML or JSON')
  return { source: 'stdin', text, problems: report.problems }
}

function readPipe(path: string): Text | undefined {
  if (!isPipe(path)) return undefined
  const report = startReport(path)
  return { source: path, text: readText(path, report), problems: report.problems }
}
