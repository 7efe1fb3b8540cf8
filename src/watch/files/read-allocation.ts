import type { AllocationObjects } from '../../allocate/decide.ts'
import type { Problem } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import type { ServiceName } from '../../model/service-name.ts'
import { asGiven, type GivenAddresses } from '../addresses/given.ts'
import { ALLOCATION_RESOURCES, AllocationStore, type StoredService } from '../allocation-store.ts'
import { ObjectWalk } from '../objects.ts'
import { type FilesReader, readFiles } from './read-files.ts'

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
  return readFiles(paths, stdin, () => allocationReader(settings, given))
}

function allocationReader(
  settings: AllocationSettings,
  given: GivenAddresses,
): FilesReader<AllocationInput> {
  const problems: Problem[] = []
  // Of the file that is being read: the problems with its text come first.
  let ofFile: Problem[] = []
  const store = new AllocationStore({
    classes: () => settings.loadBalancerClasses,
    followed: ALLOCATION_RESOURCES,
    read: (_, found) => {
      for (const problem of found) ofFile.push(problem)
    },
  })
  const note = (found: readonly Problem[]): void => {
    for (const problem of found) problems.push(problem)
  }
  return {
    note,
    begin: (source) => {
      const walk = new ObjectWalk(source, ALLOCATION_RESOURCES, (resource, object) => {
        store.apply({ kind: 'object', resource, object, origin: source })
      })
      return {
        take: (part) => walk.take(part),
        end: (ofText) => {
          for (const each of [ofText, ofFile, walk.end()]) note(each)
          ofFile = []
        },
      }
    },
    end: () => {
      const services = store.services()
      const held = asGiven({ services, unread: store.unreadServices() }, given, settings)
      return { objects: { ...store.objects(), services: held }, services, problems }
    },
  }
}
