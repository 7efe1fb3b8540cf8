import type { AllocationObjects } from '../../allocate/decide.ts'
import type { BgpConfiguration } from '../../announce/bgp/objects.ts'
import { withOld } from '../../announce/bgp/old-configuration.ts'
import type { AnnounceObjects } from '../../announce/objects.ts'
import { nameOf, valueAt } from '../../decode/fields.ts'
import { type Problem, printProblem } from '../../decode/problem.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import type { GivenAddresses } from '../addresses/given.ts'
import { withGiven } from '../addresses/with-ingress.ts'
import { ALLOCATION_RESOURCES, AllocationStore } from '../allocation-store.ts'
import { AnnounceStore } from '../announce-store.ts'
import { BGP_RESOURCES } from '../bgp-resources.ts'
import { BgpStore } from '../bgp-store.ts'
import { ObjectWalk } from '../objects.ts'
import type { Resource } from '../resources.ts'
import { type FileReader, type FilesReader, readFiles } from './read-files.ts'

/** What the files say, with what is wrong in them. */
export interface AnnouncingInput {
  readonly objects: AnnounceObjects
  readonly bgp: BgpConfiguration
  /** The same objects as an allocation reads them: Services without an address may get one. */
  readonly allocation: AllocationObjects
  /** The interfaces that MetalLB's ConfigMap excludes; undefined if there is none. */
  readonly excluded: readonly string[] | undefined
  /** The specifications of FRRConfigurations, by name. */
  readonly frrConfigurations: ReadonlyMap<string, unknown>
  readonly problems: readonly Problem[]
}

type Classes = Pick<AllocationSettings, 'loadBalancerClasses'>

const FOLLOWED: readonly Resource[] = [
  ...ALLOCATION_RESOURCES,
  'l2advertisements',
  ...BGP_RESOURCES,
  'frrconfigurations',
]

/**
 * Reads the objects at `paths` on which announcing depends: files, folders, and `-` for standard
 * input. Everything that cannot be read becomes a problem, once.
 */
export function readAnnouncing(
  paths: readonly string[],
  stdin: () => string,
  settings: Classes,
): AnnouncingInput {
  return readFiles(paths, stdin, () => new AnnouncingReader(settings))
}

/**
 * Takes the documents of one file after the other. Services have the addresses that they were
 * `given`, if any.
 */
export class AnnouncingReader implements FilesReader<AnnouncingInput> {
  readonly #given: GivenAddresses
  readonly #allocation: AllocationStore
  readonly #announcing: AnnounceStore
  readonly #bgp: BgpStore
  readonly #frrConfigurations: Map<string, unknown> = new Map()
  readonly #problems: Problem[] = []
  /** The problems with the objects of the file that is being read: those of its text come first. */
  #ofFile: Problem[] = []

  constructor({ loadBalancerClasses }: Classes, given: GivenAddresses = new Map()) {
    this.#given = given
    const read = (_: string, found: readonly Problem[]): void => {
      for (const problem of found) this.#ofFile.push(problem)
    }
    this.#allocation = new AllocationStore({
      classes: () => loadBalancerClasses,
      followed: FOLLOWED,
      read,
    })
    this.#announcing = new AnnounceStore({ followed: FOLLOWED, read })
    this.#bgp = new BgpStore(read)
  }

  begin(source: string): FileReader {
    const walk = new ObjectWalk(source, FOLLOWED, (resource, found) => {
      const object = resource === 'all-services' ? withGiven(found, this.#given) : found
      const event = { kind: 'object', resource, object, origin: source } as const
      this.#allocation.apply(event)
      this.#announcing.apply(event)
      this.#bgp.apply(event)
      if (resource === 'frrconfigurations') this.#takeFrr(object)
    })
    return {
      take: (part) => walk.take(part),
      end: (problems) => {
        for (const each of [problems, this.#ofFile, walk.end()]) this.note(each)
        this.#ofFile = []
      },
    }
  }

  #takeFrr(object: unknown): void {
    const name = nameOf(object, false)
    this.#frrConfigurations.set(name, valueAt(object, ['spec']))
  }

  note(problems: readonly Problem[]): void {
    for (const problem of problems) this.#problems.push(problem)
  }

  end(): AnnouncingInput {
    // Two stores read the same objects, and find the same problems.
    const problems = new Map(this.#problems.map((problem) => [printProblem(problem), problem]))
    return {
      objects: this.#announcing.objects(),
      bgp: withOld(this.#bgp.configuration(), this.#announcing.old()),
      allocation: this.#allocation.objects(),
      excluded: this.#announcing.excluded(),
      frrConfigurations: this.#frrConfigurations,
      problems: [...problems.values()],
    }
  }
}
