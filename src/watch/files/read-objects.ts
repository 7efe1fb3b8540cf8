import type { Documents } from '../../decode/documents.ts'
import { type Problem, said, report as startReport } from '../../decode/problem.ts'
import type { LabelSelector } from '../../model/label-selector.ts'
import type { Limits } from '../../model/limits.ts'
import type { NodeView } from '../../model/node.ts'
import type { Cluster } from '../../model/service.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { GivenAddresses } from '../addresses/given.ts'
import { withGiven } from '../addresses/with-ingress.ts'
import { slicesWithoutService } from '../decode-endpoint-slice.ts'
import { MeteredServices } from '../metered-services.ts'
import { ObjectStore } from '../object-store.ts'
import { ObjectWalk } from '../objects.ts'
import { type DecodedObject, NODE_RESOURCES, type NodeResource, resources } from '../resources.ts'
import { type FileReader, type FilesReader, readDocumentsOf, readFiles } from './read-files.ts'

interface ReadOptions {
  readonly limits?: Limits
  readonly given?: GivenAddresses
  /** Which Services have their connections counted; all if undefined. */
  readonly metered?: LabelSelector | undefined
}

export interface Input {
  readonly cluster: Cluster
  readonly nodes: ReadonlyMap<string, NodeView>
  /** Services that are in the files but cannot be read, or only in part, or are over the limits. */
  readonly unread: ReadonlySet<ServiceName>
  /** The problems, in the order in which they were found. */
  readonly problems: readonly Problem[]
}

/**
 * Reads the objects at `paths` once: files, folders, and `-` for standard input. Everything that
 * cannot be read becomes a problem. Services have the addresses that they were `given`, if any.
 */
export function readObjects(
  paths: readonly string[],
  stdin: () => string,
  options: ReadOptions = {},
): Input {
  return readFiles(paths, stdin, () => new ObjectsReader(options))
}

/** Reads the objects among documents that come from elsewhere, such as the API server. */
export function readObjectsAmong(documents: Documents, source: string): Input {
  const reader = new ObjectsReader()
  readDocumentsOf(documents, source, reader)
  return reader.end()
}

/** Fills a store with all objects in the files, and collects the problems with them. */
export class ObjectsReader implements FilesReader<Input> {
  readonly #store: ObjectStore
  readonly #given: GivenAddresses
  readonly #nodes: Map<string, NodeView> = new Map()
  readonly #problems: Problem[] = []
  /** The problems with the objects of the file that is being read: those of its text come first. */
  #ofFile: Problem[] = []
  /** The keys of all objects, whether they could be read or not. */
  readonly #told: ReadonlyMap<NodeResource, Set<string>> = new Map(
    NODE_RESOURCES.map((resource) => [resource, new Set()]),
  )
  /** `kind namespace/name` of every object that could be read, to notice a second definition. */
  readonly #defined: Set<string> = new Set()
  /** The file that is being read, or `stdin`. */
  #source = ''
  /** The number of slices without a Service in the file that is being read. */
  #withoutService = 0

  constructor({ limits, given = new Map(), metered }: ReadOptions = {}) {
    this.#given = given
    this.#store = new ObjectStore({
      nodes: {
        // Each definition in the files describes the whole Node, so the last one counts.
        keep: (name, { node }) => {
          this.#nodes.set(name, node)
          return []
        },
        remove: () => [],
      },
      listener: {
        read: ({ resource, key }, decoded) => this.#noteRead(resource, key, decoded),
        judged: (_, problems) => this.#ofFile.push(...problems),
        gone: () => undefined,
        listed: () => undefined,
      },
      ...(limits && { limits }),
      metered: new MeteredServices(metered),
    })
  }

  /** Returns the result after all files were read, and applies the limits. */
  end(): Input {
    for (const [resource, names] of this.#told)
      this.#store.apply({ kind: 'listed', resource, names })
    return {
      cluster: this.#store.cluster(),
      nodes: this.#nodes,
      unread: this.#store.unread(),
      problems: [...this.#problems, ...this.#ofFile],
    }
  }

  begin(source: string): FileReader {
    this.#source = source
    this.#withoutService = 0
    const walk = new ObjectWalk(source, NODE_RESOURCES, (resource, found) => {
      const object = resource === 'services' ? withGiven(found, this.#given) : found
      this.#store.apply({ kind: 'object', resource, object, origin: source })
    })
    return {
      take: (part) => walk.take(part),
      end: (problems) => this.#endFile([problems, this.#ofFile, walk.end()]),
    }
  }

  #endFile(problems: readonly (readonly Problem[])[]): void {
    for (const each of problems) this.note(each)
    this.#ofFile = []
    const passedOver = slicesWithoutService(this.#withoutService, this.#source)
    if (passedOver !== undefined) this.#problems.push(passedOver)
  }

  /** Adds them one by one: a call cannot take as many arguments as a file may have problems. */
  note(problems: readonly Problem[]): void {
    for (const problem of problems) this.#problems.push(problem)
  }

  #noteRead(resource: NodeResource, key: string, decoded: DecodedObject): void {
    this.#told.get(resource)?.add(key)
    for (const problem of decoded.problems) this.#ofFile.push(problem)
    if (decoded.kind === 'invalid') return
    const { kind } = resources[resource]
    const id = `${kind} ${key}`
    if (this.#defined.has(id)) {
      const report = startReport(this.#source, kind, key)
      report.note('', said('a second definition'), 'one', 'the last one wins')
      this.#ofFile.push(...report.problems)
    }
    this.#defined.add(id)
    if (decoded.kind === 'ignored' && decoded.reason === 'no-service') this.#withoutService += 1
  }
}
