import type { AllocationObjects } from '../../allocate/decide.ts'
import { type ObjectProblem, objectProblem } from '../../decode/object-problem.ts'
import { isGap, type Problem, printProblem } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { GivenAddresses } from '../../watch/addresses/given.ts'
import { inFolder } from '../../watch/addresses/in-folder.ts'
import type { StoredService } from '../../watch/allocation-store.ts'
import { readAllocationObjects } from '../../watch/files/read-allocation.ts'
import type { AllocateOptions } from '../cluster-arguments.ts'
import { givenIn, loadConfig, readStdin } from '../load.ts'
import type { Output } from '../output.ts'
import { carriedOver } from './carried-over.ts'

/** What `nodelb allocate` decides on. */
export interface AllocationInput {
  readonly objects: AllocationObjects
  readonly settings: AllocationSettings
  /** What an agent gave, where its state folder was asked for. */
  readonly given: GivenAddresses
  /** The Services with their statuses as the files have them. */
  readonly services: ReadonlyMap<ServiceName, StoredService>
  readonly problems: readonly ObjectProblem[]
  /** Whether something could not be read that may change everything. */
  readonly hasGaps: boolean
}

/** Reads all that the options name, and says what is wrong; undefined if the rest cannot be used. */
export function readInput(options: AllocateOptions, output: Output): AllocationInput | undefined {
  const say = (problem: Problem): void => output.say(printProblem(problem))
  const { config, problems } = loadConfig(options.config)
  const { given, problems: unread } = givenIn(options.state)
  for (const problem of [...problems, ...unread]) say(problem)
  // Without what was given nothing can be said about what is kept.
  if (config === undefined || unread.length > 0) return undefined
  const settings = options.state === undefined ? config.allocation : inFolder(config.allocation)
  const now = readAllocationObjects(options.files, readStdin, settings, given)
  const old =
    options.against.length === 0
      ? undefined
      : readAllocationObjects(options.against, readStdin, settings)
  const read = [...now.problems, ...(old?.problems ?? [])]
  const ofObjects = read.filter(({ kind, name }) => kind !== undefined && name !== undefined)
  for (const problem of read) if (!ofObjects.includes(problem)) say(problem)
  const { services } = now
  const objects = old === undefined ? now.objects : carriedOver(old.objects, now.objects, settings)
  const told = ofObjects.map(objectProblem)
  return { objects, settings, given, services, problems: told, hasGaps: read.some(isGap) }
}
