import { type Documents, readDocuments } from '../../decode/documents.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import { attempt, filesAt, readText } from './files.ts'

/** The documents of one file, or of standard input. */
interface SourceDocuments {
  /** The file, or `stdin`. */
  readonly source: string
  readonly documents: Documents
}

/**
 * Yields the documents of files, of folders, and of standard input for `-`, one file after the other,
 * so that only one of them is in memory. What cannot be read is passed to `note`.
 */
export function* documentsAt(
  paths: readonly string[],
  stdin: () => string,
  note: (problems: readonly Problem[]) => void,
): Iterable<SourceDocuments> {
  for (const path of new Set(paths)) {
    if (path === '-') yield* ofStdin(stdin, note)
    else yield* ofPath(path, note)
  }
}

type Note = (problems: readonly Problem[]) => void

function* ofStdin(read: () => string, note: Note): Iterable<SourceDocuments> {
  const report = startReport('stdin')
  const text = attempt(read, report, 'YAML or JSON')
  note(report.problems)
  if (text === undefined) return
  const documents = readDocuments(text, 'stdin')
  // Empty input means that the program before the pipe failed: one that finds no objects prints
  // an empty List.
  if (documents.values.length + documents.problems.length === 0) noteNothing('stdin', note)
  else yield { source: 'stdin', documents }
}

function* ofPath(path: string, note: Note): Iterable<SourceDocuments> {
  const place = startReport(path)
  const files = filesAt(path, place)
  note(place.problems)
  for (const file of files) {
    const report = startReport(file)
    const text = readText(file, report)
    note(report.problems)
    if (text === undefined) continue
    // Only an empty file that was named is reported, not one in a folder.
    if (file === path && text.trim() === '') noteNothing(file, note)
    else yield { source: file, documents: readDocuments(text, file) }
  }
}

function noteNothing(source: string, note: Note): void {
  const report = startReport(source)
  report.error('', said('nothing'), 'objects')
  note(report.problems)
}
