import { compareText } from '../model/compare-text.ts'
import type { LabelSelector, Labels } from '../model/label-selector.ts'
import { selects } from '../model/label-selector.ts'
import { compareAge } from '../model/service.ts'
import type { AllocationProblem } from './allocation.ts'
import type { Audience, Pool } from './world.ts'

/** A pool as its object has it: which Namespaces its selectors mean is not decided yet. */
export interface PoolObject extends Omit<Pool, 'audience'> {
  readonly origin: PoolOrigin
  /** Undefined: open to all. */
  readonly audience: AudienceRule | undefined
}

type PoolOrigin =
  | { readonly kind: 'IPAddressPool'; readonly namespace: string }
  /** The configuration of MetalLB up to 0.12; `name` is that of the ConfigMap. */
  | { readonly kind: 'ConfigMap'; readonly namespace: string; readonly name: string }

/** spec.serviceAllocation, before its selectors have met the Namespaces. */
export interface AudienceRule {
  /** Lower first; 0 last. */
  readonly priority: number
  /** Undefined if the rule says nothing about namespaces: then all are meant. */
  readonly namespaces: NamespaceRule | undefined
  /** One of them must select the Service's labels; empty: all do. */
  readonly services: readonly LabelSelector[]
  /** True if nothing of a list can be read; the pool is closed to everyone. */
  readonly unread?: true
}

/** A namespace is meant if it is named or selected; nothing of both means none. */
export interface NamespaceRule {
  readonly names: readonly string[]
  readonly selectors: readonly LabelSelector[]
}

export interface NamespaceObject {
  readonly name: string
  readonly labels: Labels
}

/**
 * Returns the pools of a world, with what is wrong among them. Old ConfigMaps count only where
 * there is no IPAddressPool, and of two pools of one name the older counts.
 */
export function poolsOf(
  objects: readonly PoolObject[],
  namespaces: readonly NamespaceObject[],
): { readonly pools: readonly Pool[]; readonly problems: readonly AllocationProblem[] } {
  const problems: AllocationProblem[] = []
  const pools = new Map<string, Pool>()
  for (const object of withoutOld(objects, problems).toSorted(compareObjects)) {
    const { origin: _, audience: rule, ...rest } = object
    if (pools.has(object.name)) {
      const message = 'an older pool has this name, so this one gives no addresses: rename it'
      problems.push({ object: printOrigin(object), message })
      continue
    }
    const audience = rule && audienceOf(rule, namespaces)
    if (audience?.namespaces?.size === 0) {
      const message = `${whyClosed(rule)}, so no Service gets an address from this pool`
      problems.push({ object: printOrigin(object), message })
    }
    pools.set(object.name, { ...rest, audience })
  }
  return { pools: [...pools.values()], problems }
}

/**
 * Returns who may get from a pool. Selectors that match no Namespace open it to nobody: MetalLB
 * then lets in each Service that names the pool, which cannot have been meant.
 */
export function audienceOf(
  { priority, namespaces: rule, services, unread }: AudienceRule,
  namespaces: readonly NamespaceObject[],
): Audience {
  if (unread) return { priority, namespaces: new Set(), services, unread }
  if (rule === undefined) return { priority, namespaces: undefined, services }
  const selected = namespaces.filter(({ labels }) => rule.selectors.some((s) => selects(s, labels)))
  const names = new Set([...rule.names, ...selected.map(({ name }) => name)])
  return { priority, namespaces: names, services }
}

function whyClosed(rule: AudienceRule | undefined): string {
  return rule?.unread
    ? 'its serviceAllocation cannot be read'
    : 'its namespaceSelectors match no Namespace'
}

function withoutOld(
  objects: readonly PoolObject[],
  problems: AllocationProblem[],
): readonly PoolObject[] {
  const current = objects.filter(({ origin }) => origin.kind === 'IPAddressPool')
  if (current.length === 0 || current.length === objects.length) return objects
  const old = objects.filter(({ origin }) => origin.kind === 'ConfigMap')
  const message = 'its address-pools do not count, because there are IPAddressPools: remove it'
  for (const object of new Set(old.map(printOrigin))) problems.push({ object, message })
  return current
}

/** Returns `IPAddressPool/production` or `ConfigMap/metallb-system/config`. */
function printOrigin({ origin, name }: PoolObject): string {
  return origin.kind === 'IPAddressPool'
    ? `IPAddressPool/${name}`
    : `ConfigMap/${origin.namespace}/${origin.name}`
}

function compareObjects(a: PoolObject, b: PoolObject): number {
  return compareAge(a, b) || compareText(rank(a), rank(b))
}

function rank({ origin, name }: PoolObject): string {
  return `${name} ${origin.namespace} ${origin.kind === 'ConfigMap' ? origin.name : ''}`
}
