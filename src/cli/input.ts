import { type Documents, readDocuments } from '../decode/documents.ts'
import { nameOf, valueAt } from '../decode/fields.ts'
import { type Problem, said, report as startReport } from '../decode/problem.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { NodeView } from '../model/node.ts'
import type { Cluster, ServiceObject, SliceObject } from '../model/service.ts'
import { namespaceOf } from '../model/service-name.ts'
import { decodeEndpointSlice, slicesWithoutService } from '../watch/decode-endpoint-slice.ts'
import { decodeNode } from '../watch/decode-node.ts'
import { decodeService } from '../watch/decode-service.ts'
import { attempt, filesAt, readText } from '../watch/files/files.ts'
import { visitObjects } from '../watch/objects.ts'
import { Admission, olderFirst } from '../watch/service-limits.ts'
import type { Resource } from '../watch/source.ts'

export interface Input {
  readonly cluster: Cluster
  readonly nodes: ReadonlyMap<string, NodeView>
  /** `namespace/name` of Services that are named here but cannot be read, or are over the limits. */
  readonly unread: ReadonlySet<string>
  readonly problems: readonly Problem[]
}

/** What has been read so far; the keys are `namespace/name`. */
interface Store {
  readonly services: Map<string, ServiceObject>
  readonly slices: Map<string, SliceObject>
  readonly nodes: Map<string, NodeView>
  /** `kind namespace/name` of everything decoded, for noticing a second definition. */
  readonly seen: Set<string>
  /** For everything that could not be decoded, named likewise: the Service it is about. */
  readonly unread: Map<string, string>
  /** Services that are over the limits. */
  readonly oversized: Set<string>
  readonly problems: Problem[]
}

/** One file, or standard input, while its documents are taken in. */
interface Source {
  readonly name: string
  readonly store: Store
  slicesWithoutService: number
}

/** Reads the objects at `paths`: files, folders, and `-` for standard input. */
export function readObjects(
  paths: readonly string[],
  stdin: () => string,
  limits: Limits = defaultLimits,
): Input {
  const store: Store = {
    services: new Map(),
    slices: new Map(),
    nodes: new Map(),
    seen: new Set(),
    unread: new Map(),
    oversized: new Set(),
    problems: [],
  }
  for (const path of new Set(paths)) {
    if (path === '-') takeStdin(stdin, store)
    else takePath(path, store)
  }
  leaveOutOversized(store, limits)
  return {
    cluster: { services: [...store.services.values()], slices: [...store.slices.values()] },
    nodes: store.nodes,
    unread: unreadServices(store),
    problems: store.problems,
  }
}

/** A Service that is over the limits counts as one that cannot be read. */
function leaveOutOversized(store: Store, limits: Limits): void {
  const slicesOf = new Map<string, SliceObject[]>()
  for (const slice of store.slices.values()) {
    const name = `${slice.namespace}/${slice.service}`
    const mine = slicesOf.get(name)
    if (mine === undefined) slicesOf.set(name, [slice])
    else mine.push(slice)
  }
  const admission = new Admission(limits)
  for (const service of olderFirst(store.services.values())) {
    const name = `${service.namespace}/${service.name}`
    const problems = admission.admit(service, slicesOf.get(name) ?? [])
    if (problems.length === 0) continue
    store.problems.push(...problems)
    store.services.delete(name)
    store.oversized.add(name)
  }
}

/** Where another definition could be read, that one holds. */
function unreadServices({ unread, seen, services, oversized }: Store): ReadonlySet<string> {
  const whole = [...unread].filter(([object]) => !seen.has(object)).map(([, service]) => service)
  const partial = [...services].filter(([, service]) => service.partial).map(([name]) => name)
  return new Set([...whole, ...partial, ...oversized])
}

function takeStdin(read: () => string, store: Store): void {
  const report = startReport('stdin')
  const text = attempt(read, report, 'YAML or JSON')
  store.problems.push(...report.problems)
  if (text === undefined) return
  const documents = readDocuments(text, 'stdin')
  // A program that fails before a pipe says nothing at all; one that finds nothing says a List.
  if (documents.values.length + documents.problems.length === 0) noteNothing('stdin', store)
  else takeDocuments(documents, 'stdin', store)
}

function noteNothing(name: string, { problems }: Store): void {
  const report = startReport(name)
  report.error('', said('nothing'), 'objects')
  problems.push(...report.problems)
}

function takePath(path: string, store: Store): void {
  const place = startReport(path)
  const files = filesAt(path, place)
  store.problems.push(...place.problems)
  for (const file of files) {
    const report = startReport(file)
    const text = readText(file, report)
    store.problems.push(...report.problems)
    if (text === undefined) continue
    // One that is named, not one that a folder has besides.
    if (file === path && text.trim() === '') noteNothing(file, store)
    else takeDocuments(readDocuments(text, file), file, store)
  }
}

function takeDocuments(documents: Documents, name: string, store: Store): void {
  for (const problem of documents.problems) store.problems.push(problem)
  const source: Source = { name, store, slicesWithoutService: 0 }
  const problems = visitObjects(documents.values, name, (resource, value) => {
    TAKE[resource](value, source)
  })
  for (const problem of problems) store.problems.push(problem)
  const left = slicesWithoutService(source.slicesWithoutService, name)
  if (left !== undefined) store.problems.push(left)
}

const TAKE: Readonly<Record<Resource, (value: unknown, source: Source) => void>> = {
  services: takeService,
  endpointslices: takeSlice,
  nodes: takeNode,
}

function takeService(value: unknown, source: Source): void {
  const { services, problems } = source.store
  const key = nameOf(value, true)
  const former = services.get(key)
  const decoded = decodeService(value, source.name, former?.partial ? undefined : former)
  for (const problem of decoded.problems) problems.push(problem)
  // What cannot be read replaces nothing: the definition before it still holds.
  if (decoded.kind === 'invalid') {
    source.store.unread.set(`Service ${key}`, key)
    return
  }
  noteSecond('Service', key, source)
  if (decoded.kind === 'ignored') services.delete(key)
  else services.set(key, decoded.service)
}

function takeSlice(value: unknown, source: Source): void {
  const { slices, problems } = source.store
  const decoded = decodeEndpointSlice(value, source.name)
  for (const problem of decoded.problems) problems.push(problem)
  if (decoded.kind === 'invalid') {
    noteUnreadSlice(value, source)
    return
  }
  const key = nameOf(value, true)
  noteSecond('EndpointSlice', key, source)
  if (decoded.kind === 'slice') slices.set(key, decoded.slice)
  else {
    slices.delete(key)
    if (decoded.reason === 'no-service') source.slicesWithoutService += 1
  }
}

/** Without its label nobody knows which Service the slice is about. */
function noteUnreadSlice(value: unknown, { store }: Source): void {
  const service = valueAt(value, ['metadata', 'labels', 'kubernetes.io/service-name'])
  if (typeof service !== 'string' || service === '') return
  const slice = nameOf(value, true)
  const namespace = namespaceOf(slice)
  store.unread.set(`EndpointSlice ${slice}`, `${namespace}/${service}`)
}

function takeNode(value: unknown, source: Source): void {
  const { nodes, problems } = source.store
  const decoded = decodeNode(value, source.name)
  for (const problem of decoded.problems) problems.push(problem)
  if (decoded.kind === 'invalid') return
  noteSecond('Node', decoded.node.name, source)
  nodes.set(decoded.node.name, decoded.node)
}

function noteSecond(kind: string, name: string, { name: source, store }: Source): void {
  const key = `${kind} ${name}`
  if (store.seen.has(key)) {
    const report = startReport(source, kind, name)
    report.note('', said('a second definition'), 'one', 'the last one wins')
    store.problems.push(...report.problems)
  }
  store.seen.add(key)
}
