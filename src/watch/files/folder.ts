import { type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isGap, type Problem, printProblem, report as startReport } from '../../decode/problem.ts'
import type { Resource } from '../resources.ts'
import type { Sink, Source, SourceListener } from '../source.ts'
import {
  type FileObjects,
  type Key,
  largeFileObjects,
  type VisitObject,
  wholeFileObjects,
} from './file-objects.ts'
import { eachChange } from './file-watchers.ts'
import { filesAt } from './files.ts'

/** A file as it was last read. */
interface Seen {
  readonly signature: string
  readonly digests: ReadonlyMap<Key, string>
  readonly problems: readonly Problem[]
}

/**
 * Returns a source that follows files and folders in place of an API server. If an object is
 * defined twice, the later definition in the list of files wins.
 */
export function folderSource(paths: readonly string[], followed: readonly Resource[]): Source {
  return async (listener, signal) => {
    const folder = new Folder(paths, followed, listener)
    folder.look()
    for (const resource of followed) {
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
  readonly #followed: readonly Resource[]
  readonly #listener: SourceListener
  readonly #seen: Map<string, Seen> = new Map()
  /** The files that define an object, nearly always one. */
  readonly #owners: Map<Key, Set<string>> = new Map()
  /** The digest of each object as the listener last received it. */
  readonly #told: Map<Key, string> = new Map()
  #order: ReadonlyMap<string, number> = new Map()
  #problems = ''

  constructor(paths: readonly string[], followed: readonly Resource[], listener: SourceListener) {
    this.#paths = paths
    this.#followed = followed
    this.#listener = listener
  }

  /** Reads the files that changed since the last look and tells the listener about the changes. */
  look(): void {
    const { files, problems } = this.#list()
    this.#order = new Map(files.map((file, at) => [file, at]))
    const affected = new Set<Key>()
    // The last file is read first: the first definition that is met wins and is passed on at once,
    // so that only the objects of one file are in memory.
    for (const file of files.toReversed()) this.#refresh(file, affected)
    // A folder that cannot be listed says nothing about the files that were in it.
    if (problems.length === 0) {
      for (const file of this.#seen.keys()) if (!this.#order.has(file)) this.#forget(file, affected)
    }
    this.#settle(affected)
    const seen = this.#inOrder(this.#seen.keys()).map((file) => this.#seen.get(file))
    this.#report([...problems, ...seen.flatMap((file) => file?.problems ?? [])])
  }

  /** Returns the keys of the objects of this kind that the listener has received. */
  names(resource: Resource): ReadonlySet<string> {
    const prefix = `${resource} `
    const keys = [...this.#told.keys()].filter((key) => key.startsWith(prefix))
    return new Set(keys.map((key) => key.slice(prefix.length)))
  }

  /** Returns the folders in which a change would be seen. */
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

  #refresh(file: string, affected: Set<Key>): void {
    const signature = signatureOf(file)
    const former = this.#seen.get(file)
    if (former?.signature === signature) return
    const large = largeFileObjects(file, this.#followed)
    if (large !== undefined && this.#take(file, seenIn(large, signature, former), large, affected))
      return
    const mayBeEmpty = (former?.digests.size ?? 0) === 0
    const whole = wholeFileObjects(file, this.#followed, mayBeEmpty)
    this.#take(file, seenIn(whole, signature, former), whole, affected)
  }

  /** Returns false if the file has changed while it was read. */
  #take(file: string, seen: Seen, objects: FileObjects, affected: Set<Key>): boolean {
    const former = this.#seen.get(file)?.digests
    for (const key of former?.keys() ?? []) {
      if (!seen.digests.has(key)) this.#disown(key, file, affected)
    }
    this.#seen.set(file, seen)
    for (const key of seen.digests.keys()) if (former?.has(key) !== true) this.#own(key, file)
    const isNew = (key: Key): boolean =>
      this.#digest(key, file) !== this.#told.get(key) && this.#winner(key) === file
    if (![...objects.digests.keys()].some(isNew)) return true
    return objects.visit((key, object, digest) => {
      if (this.#winner(key) === file) this.#tell(key, object, digest, file)
    })
  }

  #own(key: Key, file: string): void {
    const owners = this.#owners.get(key)
    if (owners === undefined) this.#owners.set(key, new Set([file]))
    else owners.add(file)
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

  /** Tells the listener about objects that lost a definition: as now defined, or deleted. */
  #settle(affected: ReadonlySet<Key>): void {
    const elsewhere = new Map<string, Set<Key>>()
    for (const key of affected) {
      const file = this.#winner(key)
      if (file === undefined) {
        if (this.#told.delete(key)) tellDeleted(key, this.#listener.event)
      } else if (this.#digest(key, file) !== this.#told.get(key)) {
        const keys = elsewhere.get(file)
        if (keys === undefined) elsewhere.set(file, new Set([key]))
        else keys.add(key)
      }
    }
    // These files did not change, but an object's later definition in another file is gone.
    for (const [file, keys] of elsewhere) {
      // If they did meanwhile, the next look finds that.
      const tell: VisitObject = (key, object, digest) => {
        if (keys.has(key)) this.#tell(key, object, digest, file)
      }
      const isTold = largeFileObjects(file, this.#followed)?.visit(tell) ?? false
      if (!isTold) wholeFileObjects(file, this.#followed, true).visit(tell)
    }
  }

  /** Tells the listener how an object is defined, if that is new. */
  #tell(key: Key, object: unknown, digest: string, file: string): void {
    if (digest === this.#told.get(key)) return
    this.#told.set(key, digest)
    this.#listener.event({ kind: 'object', resource: resourceOf(key), object, origin: file })
  }

  #digest(key: Key, file: string): string | undefined {
    return this.#seen.get(file)?.digests.get(key)
  }

  /** Returns the file whose definition of an object wins. */
  #winner(key: Key): string | undefined {
    return this.#inOrder(this.#owners.get(key) ?? []).at(-1)
  }

  #inOrder(files: Iterable<string>): readonly string[] {
    return [...files].sort((a, b) => this.#at(a) - this.#at(b))
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

/** Returns undefined if the path cannot be looked at; the reason is reported when it is read. */
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

/** The former content of a file stays in force while a part of it cannot be read. */
function seenIn({ digests, problems }: FileObjects, signature: string, former?: Seen): Seen {
  const held = problems.some(isGap) ? (former?.digests ?? []) : []
  return { signature, digests: new Map([...held, ...digests]), problems }
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
