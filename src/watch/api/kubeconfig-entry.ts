import { valueAt } from '../../decode/fields.ts'
import type { Report } from '../../decode/problem.ts'

interface Entry {
  readonly value: unknown
  /** The path of the entry in the file. */
  readonly path: string
}

/** The list and the name of a wanted entry. */
interface EntryName {
  readonly lists: string
  readonly kind: string
  /** The path of the field that has the name. */
  readonly namedAt: string
  /** The name; by default the value at `namedAt` in the file. */
  readonly name?: unknown
}

/**
 * Returns the entry with that name of a list; reports a problem and returns undefined if there is
 * none.
 */
export function entryOf(
  config: unknown,
  { lists, kind, namedAt, name = valueAt(config, [namedAt]) }: EntryName,
  report: Report,
): Entry | undefined {
  const list = valueAt(config, [lists])
  const entries: readonly unknown[] = Array.isArray(list) ? list : []
  const index = entries.findIndex((entry) => valueAt(entry, ['name']) === name)
  if (typeof name !== 'string' || index < 0) {
    report.error(namedAt, name, `the name of an entry of ${lists}`)
    return undefined
  }
  return { value: valueAt(entries[index], [kind]), path: `${lists}[${index}].${kind}` }
}
