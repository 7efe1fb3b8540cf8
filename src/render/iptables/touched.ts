import { firstFields, type Tuple } from '../../model/tuple.ts'
import { labelledSets, SETS } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { ElementChange } from '../assembly.ts'

type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>

/** The keys that have to be lowered anew. */
export interface Touched {
  readonly vips: Set<Tuple>
  readonly nodePorts: Set<Tuple>
  readonly clusterIps: Set<Tuple>
  /** Addresses of pods. */
  readonly hairpin: Set<Tuple>
  readonly healthChecks: Set<Tuple>
}

/** Returns the keys that these changes are about. */
export function touchedBy(changes: readonly Pick<ElementChange, 'set' | 'key'>[]): Touched {
  const touched = noTouched()
  for (const { set, key } of changes) note(touched, set, key)
  return touched
}

export function addTouched(to: Touched, more: Touched): void {
  for (const kind of KINDS) {
    for (const key of more[kind]) to[kind].add(key)
  }
}

const KINDS = ['vips', 'nodePorts', 'clusterIps', 'hairpin', 'healthChecks'] as const

/** Returns the keys of all elements. */
export function touchedByAll(elements: Elements): Touched {
  const touched = noTouched()
  for (const set of NAMING) {
    for (const key of elements.get(set)?.keys() ?? []) note(touched, set, key)
  }
  return touched
}

/** Sets that together name every key at least once. */
const NAMING: readonly string[] = [
  ...(['vip', 'node-port'] as const).flatMap(labelledSets),
  SETS.restricted,
  SETS.hairpin,
  SETS.clusterIps,
  SETS.healthChecks,
]

export function noTouched(): Touched {
  return {
    vips: new Set(),
    nodePorts: new Set(),
    clusterIps: new Set(),
    hairpin: new Set(),
    healthChecks: new Set(),
  }
}

function note(touched: Touched, set: string, key: Tuple): void {
  if (OF_THE_NODE.has(set)) return
  if (set === SETS.clusterIps) touched.clusterIps.add(key)
  else if (set === SETS.healthChecks) touched.healthChecks.add(key)
  else if (set === SETS.hairpin) touched.hairpin.add(firstFields(key, 1))
  else if (set.includes('node-port')) touched.nodePorts.add(firstFields(key, 2))
  else touched.vips.add(firstFields(key, 3))
}

/** Sets that change only with the configuration. */
const OF_THE_NODE: ReadonlySet<string> = new Set([
  SETS.podRanges,
  SETS.nodeAddresses,
  SETS.nodePortAddresses,
  SETS.serviceRanges,
])
