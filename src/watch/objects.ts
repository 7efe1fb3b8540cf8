import { nameOf, valueAt } from '../decode/fields.ts'
import {
  describe,
  type Problem,
  type Report,
  said,
  report as startReport,
  unidentified,
} from '../decode/problem.ts'
import { identityProblems, kindOf } from './identity.ts'
import { RESOURCES, type Resource } from './source.ts'

/** Called for every object of a kind that nodelb reads. */
type Visit = (resource: Resource, value: unknown) => void

/** Lists in lists deeper than this are not read. */
const LIST_DEPTH = 8

/** One file, or standard input, while its documents are walked through. */
interface Walk {
  readonly source: string
  readonly visit: Visit
  readonly problems: Problem[]
  /** Kinds that are not ours, with how many objects of each. */
  readonly others: Map<string, number>
}

/** What the items of a typed list are: the API server leaves these two out of each item. */
interface ItemType {
  readonly apiVersion: unknown
  readonly kind: string
}

/** Finds the objects among documents, also in lists; returns what is none, or cannot be identified. */
export function visitObjects(
  documents: readonly unknown[],
  source: string,
  visit: Visit,
): readonly Problem[] {
  const walk: Walk = { source, visit, problems: [], others: new Map() }
  for (const value of documents) takeObject(value, walk, undefined, 0)
  const report = startReport(source)
  for (const [kind, count] of walk.others) noteOther(report, kind, count)
  return [...walk.problems, ...report.problems]
}

function noteOther(report: Report, kind: string, count: number): void {
  const objects = count === 1 ? '1 object' : `${count} objects`
  const found = said(`${objects} of kind ${kind}`)
  report.note('', found, 'Service, EndpointSlice or Node', 'passed over')
}

function takeObject(value: unknown, walk: Walk, type: ItemType | undefined, depth: number) {
  const apiVersion = valueAt(value, ['apiVersion']) ?? type?.apiVersion
  const kind = valueAt(value, ['kind']) ?? type?.kind
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    walk.problems.push(...untyped(value, kind, apiVersion, walk.source))
    return
  }
  switch (`${apiVersion} ${kind}`) {
    case 'v1 List':
      return takeItems(value, walk, undefined, depth)
    case 'v1 ServiceList':
    case 'v1 NodeList':
    case 'discovery.k8s.io/v1 EndpointSliceList':
      return takeItems(value, walk, { apiVersion, kind: kind.slice(0, -'List'.length) }, depth)
    case 'v1 Service':
      return takeOurs('services', value, walk)
    case 'v1 Node':
      return takeOurs('nodes', value, walk)
    case 'discovery.k8s.io/v1 EndpointSlice':
      return takeOurs('endpointslices', value, walk)
    default:
      return takeOther(value, kind, apiVersion, walk)
  }
}

function takeOurs(resource: Resource, value: unknown, { source, visit, problems }: Walk): void {
  const unknown = identityProblems(resource, value, source)
  if (unknown.length > 0) problems.push(...unknown)
  else visit(resource, value)
}

/** To pass over what is one of ours, but for its version or a capital letter, would be to lose it. */
function takeOther(value: unknown, kind: string, apiVersion: string, walk: Walk): void {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const meant = RESOURCES.find(
    (resource) =>
      kindOf[resource].toLowerCase() === kind.toLowerCase() &&
      (resource === 'endpointslices' ? 'discovery.k8s.io' : '') === group,
  )
  if (meant === undefined) {
    const other = describe(`${kind} (${apiVersion})`).slice(1, -1)
    walk.others.set(other, (walk.others.get(other) ?? 0) + 1)
    return
  }
  const name = nameOf(value, meant !== 'nodes')
  const report = unidentified(walk.source, kindOf[meant], name)
  if (kind !== kindOf[meant]) report.error('kind', kind, kindOf[meant])
  if (version !== 'v1') report.error('apiVersion', apiVersion, group ? `${group}/v1` : 'v1')
  walk.problems.push(...report.problems)
}

function untyped(
  value: unknown,
  kind: unknown,
  apiVersion: unknown,
  source: string,
): readonly Problem[] {
  const object = typeof value === 'object' && value !== null && !Array.isArray(value)
  const typed = typeof kind === 'string'
  const report = typed
    ? unidentified(source, kind.slice(0, 60), nameOf(value, kind !== 'Node'))
    : startReport(source)
  if (!object) report.error('', value, 'a Kubernetes object')
  else if (typed) report.error('apiVersion', apiVersion, 'an API version such as v1')
  else report.error('kind', kind, 'the kind of a Kubernetes object')
  return report.problems
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
