import type { DocumentPart, ListEnvelope } from '../decode/document-part.ts'
import { nameOf, valueAt } from '../decode/fields.ts'
import {
  describe,
  orList,
  type Problem,
  type Report,
  said,
  report as startReport,
  unidentified,
} from '../decode/problem.ts'
import { unreachable } from '../model/unreachable.ts'
import { identityProblems } from './identity.ts'
import { type Resource, resources } from './resources.ts'

/** Called for every object of a kind that is followed. */
type Visit = (resource: Resource, value: unknown) => void

/** The depth of lists in lists beyond which nothing is read. */
const LIST_DEPTH = 8

/** One file, or standard input, whose documents are being visited. */
interface Walk {
  readonly source: string
  readonly followed: readonly Resource[]
  readonly visit: Visit
  readonly problems: Problem[]
  /** The kinds that are not followed, with the number of objects of each. */
  readonly others: Map<string, number>
}

/** The type of the items of a typed list: the API server omits these two fields in each item. */
interface ItemType {
  readonly apiVersion: string
  readonly kind: string
}

interface ListKind {
  /** Undefined if each item has its own. */
  readonly type: ItemType | undefined
}

/** Visits the objects among the documents of one file, or of standard input, also those in Lists. */
export class ObjectWalk {
  readonly #walk: Walk
  /** Of the items that come; undefined if they are not wanted. */
  #list: ListKind | undefined

  constructor(source: string, followed: readonly Resource[], visit: Visit) {
    this.#walk = { source, followed, visit, problems: [], others: new Map() }
  }

  take(part: DocumentPart): void {
    switch (part.kind) {
      case 'document':
        takeObject(part.value, this.#walk, undefined, 0)
        break
      case 'list':
        this.#takeList(part.envelope)
        break
      case 'item':
        if (this.#list !== undefined) takeObject(part.value, this.#walk, this.#list.type, 1)
        break
      default:
        unreachable(part)
    }
  }

  #takeList(envelope: ListEnvelope): void {
    const { apiVersion, kind } = envelope
    this.#list = listKind(apiVersion, kind, this.#walk.followed)
    if (this.#list === undefined) takeOther(envelope, kind, apiVersion, this.#walk)
  }

  /** Returns the problems of values that are no objects or cannot be identified. */
  end(): readonly Problem[] {
    const { source, followed, others, problems } = this.#walk
    const report = startReport(source)
    const wanted = orList([...new Set(followed.map((each) => resources[each].kind))])
    for (const [kind, count] of others) noteOther(report, wanted, kind, count)
    return [...problems, ...report.problems]
  }
}

function noteOther(report: Report, wanted: string, kind: string, count: number): void {
  const objects = count === 1 ? '1 object' : `${count} objects`
  report.note('', said(`${objects} of kind ${kind}`), wanted, 'passed over')
}

function takeObject(value: unknown, walk: Walk, type: ItemType | undefined, depth: number) {
  const apiVersion = valueAt(value, ['apiVersion']) ?? type?.apiVersion
  const kind = valueAt(value, ['kind']) ?? type?.kind
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    walk.problems.push(...untyped(value, kind, apiVersion, walk))
    return
  }
  for (const resource of walk.followed) {
    const row = resources[resource]
    if (row.apiVersion === apiVersion && row.kind === kind) return takeOurs(resource, value, walk)
  }
  const list = listKind(apiVersion, kind, walk.followed)
  if (list !== undefined) takeItems(value, walk, list.type, depth)
  else takeOther(value, kind, apiVersion, walk)
}

/** Returns undefined for what is no List of what is followed. */
function listKind(
  apiVersion: string,
  kind: string,
  followed: readonly Resource[],
): ListKind | undefined {
  if (apiVersion === 'v1' && kind === 'List') return { type: undefined }
  const row = followed
    .map((resource) => resources[resource])
    .find((row) => row.apiVersion === apiVersion && `${row.kind}List` === kind)
  return row && { type: row }
}

function takeOurs(resource: Resource, value: unknown, { source, visit, problems }: Walk): void {
  const unknown = identityProblems(resource, value, source)
  if (unknown.length > 0) problems.push(...unknown)
  else visit(resource, value)
}

/**
 * Counts an object of another kind. One whose kind or version is only misspelt is a problem
 * instead: if it were passed over, it would be lost.
 */
function takeOther(value: unknown, kind: string, apiVersion: string, walk: Walk): void {
  const meant = walk.followed
    .map((resource) => resources[resource])
    .find(
      (row) =>
        row.kind.toLowerCase() === kind.toLowerCase() &&
        groupOf(row.apiVersion) === groupOf(apiVersion),
    )
  if (meant === undefined) {
    if (isPassedOver(apiVersion)) return
    const other = describe(`${kind} (${apiVersion})`).slice(1, -1)
    walk.others.set(other, (walk.others.get(other) ?? 0) + 1)
    return
  }
  const report = unidentified(walk.source, meant.kind, nameOf(value, meant.namespaced))
  if (kind !== meant.kind) report.error('kind', kind, meant.kind)
  if (apiVersion !== meant.apiVersion) report.error('apiVersion', apiVersion, meant.apiVersion)
  walk.problems.push(...report.problems)
}

/** Manifests have MetalLB's kinds beside Services; what a command does not use of them needs no note. */
function isPassedOver(apiVersion: string): boolean {
  return groupOf(apiVersion) === 'metallb.io'
}

/**
 * Returns the API group, `discovery.k8s.io` for `discovery.k8s.io/v1`; empty for the core group.
 */
function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, Math.max(apiVersion.indexOf('/'), 0))
}

function untyped(
  value: unknown,
  kind: unknown,
  apiVersion: unknown,
  { source, followed }: Walk,
): readonly Problem[] {
  const object = typeof value === 'object' && value !== null && !Array.isArray(value)
  const typed = typeof kind === 'string'
  const report = typed
    ? unidentified(source, kind.slice(0, 60), nameOf(value, inNamespaces(kind, followed)))
    : startReport(source)
  if (!object) report.error('', value, 'a Kubernetes object')
  else if (typed) report.error('apiVersion', apiVersion, 'an API version such as v1')
  else report.error('kind', kind, 'the kind of a Kubernetes object')
  return report.problems
}

function inNamespaces(kind: string, followed: readonly Resource[]): boolean {
  return !followed.some((each) => resources[each].kind === kind && !resources[each].namespaced)
}

function takeItems(value: unknown, walk: Walk, type: ItemType | undefined, depth: number) {
  const items = valueAt(value, ['items']) ?? []
  const report = startReport(walk.source)
  if (!Array.isArray(items)) report.error('items', items, 'a list')
  else if (depth >= LIST_DEPTH) {
    report.error('items', said('lists in lists'), `at most ${LIST_DEPTH}`)
  } else for (const item of items) takeObject(item, walk, type, depth + 1)
  walk.problems.push(...report.problems)
}
