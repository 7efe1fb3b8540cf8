import type { Problem } from '../../decode/problem.ts'
import { visitObjects } from '../objects.ts'
import type { Resource } from '../resources.ts'
import type { ObjectEvent } from '../source.ts'
import { documentsAt } from './documents-at.ts'

/** What is done with what the files have. */
interface Visitor {
  readonly followed: readonly Resource[]
  readonly take: (event: ObjectEvent) => void
  readonly note: (problems: readonly Problem[]) => void
}

/**
 * Passes on every object of the kinds that are followed, in files, in folders, and in standard input
 * for `-`. What cannot be read, or is no object, is noted.
 */
export function visitFiles(
  paths: readonly string[],
  stdin: () => string,
  { followed, take, note }: Visitor,
): void {
  for (const { source, documents } of documentsAt(paths, stdin, note)) {
    note(documents.problems)
    const odd = visitObjects(documents.values, source, followed, (resource, object) => {
      take({ kind: 'object', resource, object, origin: source })
    })
    note(odd)
  }
}
