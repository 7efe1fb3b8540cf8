import type { LabelSelector } from '../model/label-selector.ts'
import type { FieldReader } from './field-reader.ts'
import { objectName } from './fields.ts'
import { readSelector } from './labels.ts'
import { joinPath } from './problem.ts'

/** The readable entries of a list, each once. */
export interface Entries<Entry> {
  /** True if the list has entries, or is no list: then it restricts, even if none is readable. */
  readonly asked: boolean
  readonly entries: readonly Entry[]
}

/** Returns the entries of a list that restricts; undefined if it is absent or empty. */
export function restriction<Entry>({
  asked,
  entries,
}: Entries<Entry>): readonly Entry[] | undefined {
  return asked ? entries : undefined
}

/** Returns the names of objects in a list; a bad one is reported and left out. */
export function readNames(value: unknown, path: string, reader: FieldReader): Entries<string> {
  return readEntries(value, path, reader, (each, place) =>
    reader.read(each, objectName, place, undefined),
  )
}

/** Returns the metav1.LabelSelectors in a list; a bad one is reported and left out. */
export function readSelectors(
  value: unknown,
  path: string,
  reader: FieldReader,
): Entries<LabelSelector> {
  return readEntries(value, path, reader, (each, place) => {
    return readSelector(each, place, reader.report)
  })
}

/** Returns what `read` makes of each entry of a list; undefined of it leaves the entry out. */
export function readEntries<Entry>(
  value: unknown,
  path: string,
  reader: FieldReader,
  read: (value: unknown, path: string) => Entry | undefined,
): Entries<Entry> {
  const values = reader.list(value, path)
  if (values === undefined) return { asked: true, entries: [] }
  const entries = new Map<string, Entry>()
  values.forEach((each, i) => {
    const place = joinPath(path, i)
    const entry = read(each, place)
    if (entry === undefined) return
    const key = JSON.stringify(entry)
    if (entries.has(key)) reader.report.note(place, each, 'each entry once', 'it counts once')
    else entries.set(key, entry)
  })
  return { asked: values.length > 0, entries: [...entries.values()] }
}
