import { selects } from '../model/label-selector.ts'
import type { Allowed, Candidate } from './eligibility.ts'
import type { LeftOut, LeftOutReason } from './left-out.ts'
import { type Permission, whyUnfit } from './node-fitness.ts'
import type {
  Advertisement,
  AnnouncedService,
  AnnounceObjects,
  AnnouncerNode,
  LabelledPool,
} from './objects.ts'
import { anySelects, isForPool } from './selection.ts'
import type { SilenceReason } from './silence.ts'

/** Returns what the advertisements of a pool allow to a Service, or why they allow nothing. */
export type Advertised = (
  service: AnnouncedService,
  pool: LabelledPool,
) => { readonly kind: 'allowed'; readonly allowed: Allowed } | SilenceReason

/**
 * Returns a function that says which Nodes may announce for a Service. Services with the same
 * advertisements get the same value, so that a thousand of them cost little more than one.
 */
export function advertised(
  { advertisements, nodes }: Pick<AnnounceObjects, 'advertisements' | 'nodes'>,
  permission: Permission,
): Advertised {
  const sorted = advertisements.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const ofPools = new Map<LabelledPool, readonly Advertisement[]>()
  const known = new Map<string, Allowed>()
  return (service, pool) => {
    const ofPool = ofPools.get(pool) ?? sorted.filter((each) => isForPool(each.pools, pool))
    ofPools.set(pool, ofPool)
    if (ofPool.length === 0) return { kind: 'no-advertisement', pool: pool.name }
    const matching = ofPool.filter(({ services }) => anySelects(services, service.labels))
    if (matching.length === 0) {
      const names = ofPool.map(({ name }) => name)
      return { kind: 'service-not-selected', pool: pool.name, advertisements: names }
    }
    const narrow = service.shares
      ? matching.find(({ services }) => services !== undefined)
      : undefined
    if (narrow !== undefined) return { kind: 'sharing-selected', advertisement: narrow.name }
    const key = matching.map((each) => sorted.indexOf(each)).join()
    const allowed = known.get(key) ?? allowedBy(matching, nodes, permission)
    known.set(key, allowed)
    return { kind: 'allowed', allowed }
  }
}

function allowedBy(
  advertisements: readonly Advertisement[],
  nodes: readonly AnnouncerNode[],
  permission: Permission,
): Allowed {
  const candidates = new Map<string, Candidate>()
  const leftOut: LeftOut[] = []
  for (const node of nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const verdict = judge(node, advertisements, permission)
    if ('kind' in verdict) leftOut.push({ node: node.name, reason: verdict })
    else candidates.set(node.name, verdict)
  }
  return { candidates, leftOut }
}

function judge(
  node: AnnouncerNode,
  advertisements: readonly Advertisement[],
  permission: Permission,
): Candidate | LeftOutReason {
  const unfit = whyUnfit(node, permission)
  if (unfit !== undefined) return unfit
  const matching = advertisements.filter(({ nodes }) => anySelects(nodes, node.labels))
  const names = (of: readonly Advertisement[]): readonly string[] => of.map(({ name }) => name)
  if (matching.length === 0) return { kind: 'not-selected', advertisements: names(advertisements) }
  const interfaces = interfacesOf(matching)
  if (interfaces?.size === 0) return { kind: 'no-interface', advertisements: names(matching) }
  return { preference: preferenceFor(node, matching), interfaces }
}

/** One advertisement without interfaces opens all of them. */
function interfacesOf(advertisements: readonly Advertisement[]): Candidate['interfaces'] {
  const names = new Set<string>()
  for (const { interfaces } of advertisements) {
    if (interfaces === undefined) return undefined
    for (const name of interfaces) names.add(name)
  }
  return names
}

/** The preferences of an advertisement count for the Nodes that it selects itself. */
function preferenceFor({ labels }: AnnouncerNode, matching: readonly Advertisement[]): number {
  let sum = 0
  for (const { preferred } of matching) {
    for (const { weight, nodes } of preferred) if (selects(nodes, labels)) sum += weight
  }
  return sum
}
