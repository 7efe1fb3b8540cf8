import type { AllocationObjects } from '../../allocate/decide.ts'
import type { Problem } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { ALLOCATION_RESOURCES, AllocationStore } from '../allocation-store.ts'
import { visitFiles } from './visit-files.ts'

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
  const note = (found: readonly Problem[]): void => {
    for (const problem of found) problems.push(problem)
  }
  const store = new AllocationStore({
    classes: () => loadBalancerClasses,
    followed: ALLOCATION_RESOURCES,
    read: (_, found) => note(found),
  })
  visitFiles(paths, stdin, {
    followed: ALLOCATION_RESOURCES,
    take: (event) => store.take(event),
    note,
  })
  return { objects: store.objects(), problems }
}
