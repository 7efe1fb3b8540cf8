import { createHash } from 'node:crypto'
import { type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { nameOf } from '../watch/fields.ts'
import { visitObjects } from '../watch/objects.ts'
import { type Problem, printProblem, said, report as startReport } from '../watch/problem.ts'
import {
  RESOURCES,
  type Resource,
  type Sink,
  type Source,
  type SourceListener,
} from '../watch/source.ts'
import { readDocuments } from './documents.ts'
import { eachChange } from './file-watchers.ts'
import { filesAt, readText } from './files.ts'

/** `resource namespace/name`. */
type Key = `${Resource} ${string}`

/** One file as it was last read. */
interface Seen {
  readonly signature: string
  readonly digests: ReadonlyMap<Key, string>
  readonly problems: readonly Problem[]
}

interface Read extends Seen {
  readonly values: ReadonlyMap<Key, unknown>
}

/** Follows files and folders in place of an API server; a definition further down the list wins. */
export function folderSource(paths: readonly string[]): Source {
  return async (listener, signal) => {
    const folder = new Folder(paths, listener)
    folder.look()
    for (const resource of RESOURCES) {
      listener.event({ kind: 'listed', resource, names: folder.names(resource) })
      listener.state(resource, { kind: 'following', resourceVersion: '' })
    }
    await eachChange(
      () => folder.places(),
      () => folder.look(),
      signal,
    )
  }
}

class Folder {
  readonly #paths: readonly string[]
  readonly #listener: SourceListener
  readonly #seen: Map<string, Seen> = new Map()
  /** The files that define an object; nearly always one. */
  readonly #owners: Map<Key, Set<string>> = new Map()
  /** What the sink was last told of each object. */
  readonly #told: Map<Key, string> = new Map()
  #order: ReadonlyMap<string, number> = new Map()
  #problems = ''

  constructor(paths: readonly string[], listener: SourceListener) {
    this.#paths = paths
    this.#listener = listener
  }

  /** Reads what changed since the last look. */
  look(): void {
    const { files, problems } = this.#list()
    this.#order = new Map(files.map((file, at) => [file, at]))
    const fresh = new Map<string, Read>()
    const affected = new Set<Key>()
    for (const file of files) this.#refresh(file, fresh, affected)
    // A place that cannot be listed tells nothing about the files that were there.
    if (problems.length === 0) {
      for (const file of this.#seen.keys()) if (!this.#order.has(file)) this.#forget(file, affected)
    }
    for (const key of affected) this.#tell(key, fresh)
    this.#report([...problems, ...[...this.#seen.values()].flatMap((seen) => seen.problems)])
  }

  names(resource: Resource): ReadonlySet<string> {
    const prefix = `${resource} `
    const keys = [...this.#told.keys()].filter((key) => key.startsWith(prefix))
    return new Set(keys.map((key) => key.slice(prefix.length)))
  }

  /** The folders in which a change would show. */
  places(): ReadonlySet<string> {
    const folders = [...this.#order.keys()].map((file) => dirname(file))
    const given = this.#paths.filter((path) => statOf(path)?.isDirectory())
    return new Set([...given, ...folders])
  }

  #list(): { readonly files: readonly string[]; readonly problems: readonly Problem[] } {
    const problems: Problem[] = []
    const files = this.#paths.flatMap((path) => {
      const report = startReport(path)
      const found = filesAt(path, report)
      problems.push(...report.problems)
      return found
    })
    return { files: [...new Set(files)], problems }
  }

  #refresh(file: string, fresh: Map<string, Read>, affected: Set<Key>): void {
    const signature = signatureOf(file)
    const former = this.#seen.get(file)
    if (former?.signature === signature) return
    const read = readObjectsOf(file, signature, former)
    fresh.set(file, read)
    const { digests, problems } = read
    this.#seen.set(file, { signature, digests, problems })
    for (const key of former?.digests.keys() ?? []) this.#disown(key, file, affected)
    for (const key of digests.keys()) {
      const owners = this.#owners.get(key)
      if (owners === undefined) this.#owners.set(key, new Set([file]))
      else owners.add(file)
      affected.add(key)
    }
  }

  #forget(file: string, affected: Set<Key>): void {
    for (const key of this.#seen.get(file)?.digests.keys() ?? []) this.#disown(key, file, affected)
    this.#seen.delete(file)
  }

  #disown(key: Key, file: string, affected: Set<Key>): void {
    const owners = this.#owners.get(key)
    owners?.delete(file)
    if (owners?.size === 0) this.#owners.delete(key)
    affected.add(key)
  }

  /** Says what became of an object, if anything did. */
  #tell(key: Key, fresh: Map<string, Read>): void {
    const [file] = [...(this.#owners.get(key) ?? [])].sort((a, b) => this.#at(b) - this.#at(a))
    const digest = file === undefined ? undefined : this.#seen.get(file)?.digests.get(key)
    if (file === undefined || digest === undefined) {
      if (this.#told.delete(key)) tellDeleted(key, this.#listener.event)
      return
    }
    if (digest === this.#told.get(key)) return
    // The object of a file that did not change: a definition that came after it is gone.
    const read = fresh.get(file) ?? readObjectsOf(file, '', undefined)
    fresh.set(file, read)
    const object = read.values.get(key)
    if (object === undefined) return
    this.#told.set(key, digest)
    this.#listener.event({ kind: 'object', resource: resourceOf(key), object, origin: file })
  }

  #at(file: string): number {
    return this.#order.get(file) ?? -1
  }

  #report(problems: readonly Problem[]): void {
    const text = problems.map(printProblem).join('\n')
    if (text === this.#problems) return
    this.#problems = text
    this.#listener.problems(problems)
  }
}

/** Undefined where there is nothing to be seen; why is said by whoever reads it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function signatureOf(file: string): string {
  const { ino, size, mtimeMs, ctimeMs } = statOf(file) ?? {}
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
}

function readObjectsOf(file: string, signature: string, former: Seen | undefined): Read {
  const report = startReport(file)
  const text = readText(file, report)
  // Whoever writes a file in place empties it first.
  const emptied = text?.trim() === '' && former !== undefined && former.digests.size > 0
  if (emptied) report.error('', said('nothing any more'), 'objects, or no such file')
  const documents = text === undefined ? undefined : readDocuments(text, file)
  const unread = documents === undefined || documents.problems.length > 0 || emptied
  // What a file said before holds while a part of it cannot be read.
  const digests = new Map<Key, string>(unread ? former?.digests : [])
  const values = new Map<Key, unknown>()
  const odd = visitObjects(documents?.values ?? [], file, (resource, value) => {
    const key: Key = `${resource} ${nameOf(value, resource !== 'nodes')}`
    values.set(key, value)
    digests.set(key, createHash('sha1').update(JSON.stringify(value)).digest('base64'))
  })
  const problems = [...report.problems, ...(documents?.problems ?? []), ...odd]
  return { signature, digests, values, problems }
}

function resourceOf(key: Key): Resource {
  return key.slice(0, key.indexOf(' ')) as Resource
}

function tellDeleted(key: Key, sink: Sink): void {
  const resource = resourceOf(key)
  const id = key.slice(resource.length + 1)
  const slash = id.indexOf('/')
  const namespace = slash < 0 ? '' : id.slice(0, slash)
  sink({ kind: 'deleted', resource, namespace, name: id.slice(slash + 1) })
}
