import type { AllocationObjects } from '../../allocate/decide.ts'
import { type Documents, readDocuments } from '../../decode/documents.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { ALLOCATION_RESOURCES, AllocationStore } from '../allocation-store.ts'
import { visitObjects } from '../objects.ts'
import { attempt, filesAt, readText } from './files.ts'

/** What the files say, with what is wrong in them. */
interface AllocationInput {
  readonly objects: AllocationObjects
  readonly problems: readonly Problem[]
}

/**
 * Reads the objects at `paths` on which an allocation depends: files, folders, and `-` for standard
 * input. Everything that cannot be read becomes a problem.
 */
export function readAllocationObjects(
  paths: readonly string[],
  stdin: () => string,
  { loadBalancerClasses }: Pick<AllocationSettings, 'loadBalancerClasses'>,
): AllocationInput {
  const problems: Problem[] = []
  const store = new AllocationStore({
    classes: () => loadBalancerClasses,
    followed: ALLOCATION_RESOURCES,
    read: (_, found) => {
      for (const problem of found) problems.push(problem)
    },
  })
  for (const path of new Set(paths)) {
    for (const { source, documents } of path === '-'
      ? fromStdin(stdin, problems)
      : fromPath(path, problems)) {
      for (const problem of documents.problems) problems.push(problem)
      const odd = visitObjects(
        documents.values,
        source,
        ALLOCATION_RESOURCES,
        (resource, object) => {
          store.take({ kind: 'object', resource, object, origin: source })
        },
      )
      for (const problem of odd) problems.push(problem)
    }
  }
  return { objects: store.objects(), problems }
}

interface SourceText {
  readonly source: string
  readonly documents: Documents
}

function fromStdin(read: () => string, problems: Problem[]): readonly SourceText[] {
  const report = startReport('stdin')
  const text = attempt(read, report, 'YAML or JSON')
  if (text?.trim() === '') report.error('', said('nothing'), 'objects')
  problems.push(...report.problems)
  return text === undefined ? [] : [{ source: 'stdin', documents: readDocuments(text, 'stdin') }]
}

/** Reads one file after the other, so that only one of them is in memory. */
function* fromPath(path: string, problems: Problem[]): Iterable<SourceText> {
  const place = startReport(path)
  const files = filesAt(path, place)
  problems.push(...place.problems)
  for (const file of files) {
    const report = startReport(file)
    const text = readText(file, report)
    if (text !== undefined && file === path && text.trim() === '') {
      report.error('', said('nothing'), 'objects')
    }
    problems.push(...report.problems)
    if (text !== undefined) yield { source: file, documents: readDocuments(text, file) }
  }
}
