import type { AllocationObjects } from '../../allocate/decide.ts'
import type { BgpConfiguration } from '../../announce/bgp/objects.ts'
import type { AnnounceObjects } from '../../announce/objects.ts'
import { type Problem, printProblem } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { ALLOCATION_RESOURCES, AllocationStore } from '../allocation-store.ts'
import { AnnounceStore } from '../announce-store.ts'
import { BGP_RESOURCES } from '../bgp-resources.ts'
import { BgpStore } from '../bgp-store.ts'
import type { Resource } from '../resources.ts'
import type { ObjectEvent } from '../source.ts'
import { visitFiles } from './visit-files.ts'

/** What the files say, with what is wrong in them. */
interface AnnouncingInput {
  readonly objects: AnnounceObjects
  readonly bgp: BgpConfiguration
  /** The same objects as an allocation reads them: Services without an address may get one. */
  readonly allocation: AllocationObjects
  readonly problems: readonly Problem[]
}

const FOLLOWED: readonly Resource[] = [
  ...ALLOCATION_RESOURCES,
  'l2advertisements',
  ...BGP_RESOURCES,
]

/**
 * Reads the objects at `paths` on which announcing depends: files, folders, and `-` for standard
 * input. Everything that cannot be read becomes a problem, once.
 */
export function readAnnouncing(
  paths: readonly string[],
  stdin: () => string,
  { loadBalancerClasses }: Pick<AllocationSettings, 'loadBalancerClasses'>,
): AnnouncingInput {
  const problems = new Map<string, Problem>()
  const note = (found: readonly Problem[]): void => {
    for (const problem of found) problems.set(printProblem(problem), problem)
  }
  const read = (_: string, found: readonly Problem[]): void => note(found)
  const allocation = new AllocationStore({
    classes: () => loadBalancerClasses,
    followed: FOLLOWED,
    read,
  })
  const announcing = new AnnounceStore({ followed: FOLLOWED, read })
  const bgp = new BgpStore(note)
  const take = (event: ObjectEvent): void => {
    allocation.take(event)
    announcing.take(event)
    bgp.take(event)
  }
  visitFiles(paths, stdin, { followed: FOLLOWED, take, note })
  return {
    objects: announcing.objects(),
    bgp: bgp.configuration(),
    allocation: allocation.objects(),
    problems: [...problems.values()],
  }
}
