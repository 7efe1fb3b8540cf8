import type { AllocationObjects } from '../../allocate/decide.ts'
import type { Problem } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import type { ServiceName } from '../../model/service-name.ts'
import { asGiven, type GivenAddresses } from '../addresses/given.ts'
import { ALLOCATION_RESOURCES, AllocationStore, type StoredService } from '../allocation-store.ts'
import { visitFiles } from './visit-files.ts'

/** What the files say, with what is wrong in them. */
interface AllocationInput {
  readonly objects: AllocationObjects
  /** The Services with their statuses as the files have them. */
  readonly services: ReadonlyMap<ServiceName, StoredService>
  readonly problems: readonly Problem[]
}

/**
 * Reads the objects at `paths` on which an allocation depends: files, folders, and `-` for standard
 * input. Services hold what they were `given`, if anything, in place of their statuses. Everything
 * that cannot be read becomes a problem.
 */
export function readAllocationObjects(
  paths: readonly string[],
  stdin: () => string,
  settings: AllocationSettings,
  given: GivenAddresses = new Map(),
): AllocationInput {
  const problems: Problem[] = []
  const note = (found: readonly Problem[]): void => {
    for (const problem of found) problems.push(problem)
  }
  const store = new AllocationStore({
    classes: () => settings.loadBalancerClasses,
    followed: ALLOCATION_RESOURCES,
    read: (_, found) => note(found),
  })
  visitFiles(paths, stdin, {
    followed: ALLOCATION_RESOURCES,
    take: (event) => store.apply(event),
    note,
  })
  const services = store.services()
  const held = asGiven({ services, unread: store.unreadServices() }, given, settings)
  return { objects: { ...store.objects(), services: held }, services, problems }
}
