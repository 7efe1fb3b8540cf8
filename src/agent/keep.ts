import type { Settings } from '../model/node.ts'
import type { OwnerOf } from '../plan/owners.ts'
import { owners, serviceOf } from '../plan/owners.ts'
import { frame } from '../render/frame.ts'
import { lookups } from '../render/table.ts'
import { endpointsMap, SETS, setSchema, tuple } from '../ruleset/sets.ts'
import type {
  ElementValue,
  KernelRuleset,
  KernelTable,
  Ruleset,
  Table,
  TableFamily,
  Tuple,
} from '../ruleset/types.ts'

type Elements = Map<string, Map<Tuple, ElementValue>>

/** The Services whose elements the kernel holds, as the comments name them. */
export function programmed(kernel: KernelRuleset): ReadonlySet<string> {
  const names = new Set<string>()
  for (const table of [kernel.ip, kernel.ip6]) {
    for (const elements of table?.elements.values() ?? []) {
      for (const { comment } of elements.values()) {
        if (comment !== undefined) names.add(serviceOf(comment))
      }
    }
  }
  return names
}

/**
 * `desired` with what the kernel holds of some Services, as it is: their elements, and the sets,
 * chains and rules that these need. An address that one of them has stays its own.
 */
export function keepServices(
  kernel: KernelRuleset,
  desired: Ruleset,
  names: ReadonlySet<string>,
  settings: Settings,
): Ruleset {
  const ownerOf = owners(kernel, {})
  const keep = (family: TableFamily): Table | undefined => {
    const found = kernel[family]
    const wanted = desired[family]
    if (found === undefined) return wanted
    const mine = ownedBy(family, names, ownerOf)
    return assemble(family, merge(found, wanted, mine), settings) ?? wanted
  }
  const ip = keep('ip')
  const ip6 = keep('ip6')
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

type IsOwned = (set: string, key: Tuple, value: ElementValue) => boolean

function ownedBy(family: TableFamily, names: ReadonlySet<string>, ownerOf: OwnerOf): IsOwned {
  return (name, key, value) => {
    const set = setSchema(family, name)
    const owner = ownerOf({ kind: 'delete-element', family, set, key, value })
    return owner !== undefined && names.has(serviceOf(owner))
  }
}

/** The elements of both; undefined where nothing in the kernel is to be kept. */
function merge(found: KernelTable, wanted: Table | undefined, mine: IsOwned): Elements | undefined {
  const merged: Elements = new Map()
  const put = (set: string, key: Tuple, value: ElementValue): void => {
    const elements = merged.get(set) ?? new Map<Tuple, ElementValue>()
    merged.set(set, elements.set(key, value))
  }
  for (const [set, key, value] of entries(found)) {
    if (mine(set, key, value)) put(set, key, value)
  }
  if (merged.size === 0) return undefined
  for (const [set, key, value] of sharedElements(found, wanted, merged)) put(set, key, value)
  for (const [set, elements] of wanted?.elements ?? []) {
    for (const [key, value] of elements) if (!mine(set, key, value)) put(set, key, value)
  }
  return merged
}

/** Elements of sets that have the shape their name says; what clients left is not among them. */
function* entries(table: KernelTable): Iterable<readonly [string, Tuple, ElementValue]> {
  for (const [name, elements] of table.elements) {
    const own = setSchema(table.family, name)
    const schema = table.sets.get(name)
    if (own.learned || `${schema?.key}` !== `${own.key}` || `${schema?.data}` !== `${own.data}`) {
      continue
    }
    for (const [key, value] of elements) yield [name, key, value]
  }
}

/** No comment says whose these are: the hairpin of kept endpoints, and what the node is. */
function* sharedElements(
  found: KernelTable,
  wanted: Table | undefined,
  kept: Elements,
): Iterable<readonly [string, Tuple, ElementValue]> {
  const targets = new Set<string>()
  for (const front of ['vip', 'node-port'] as const) {
    for (const reach of ['all', 'local'] as const) {
      for (const { data } of kept.get(endpointsMap(front, reach))?.values() ?? []) {
        const address = data?.split(' . ')[0]
        if (address !== undefined) targets.add(tuple(address, address))
      }
    }
  }
  for (const entry of entries(found)) {
    const [set, key] = entry
    if (set === SETS.hairpin && targets.has(key)) yield entry
    else if (OF_THE_NODE.has(set) && !wanted?.sets.has(set)) yield entry
  }
}

const OF_THE_NODE: ReadonlySet<string> = new Set([
  SETS.podRanges,
  SETS.nodePortAddresses,
  SETS.serviceRanges,
])

function assemble(
  family: TableFamily,
  elements: Elements | undefined,
  settings: Settings,
): Table | undefined {
  if (elements === undefined) return undefined
  const names = new Set(elements.keys())
  if ([...names].some((name) => name.startsWith('sticky-'))) names.add(SETS.affinity)
  const chains = frame(settings, names)
  const used = lookups(chains)
  for (const name of OF_THE_NODE) if (!used.has(name)) elements.delete(name)
  const sets = new Set([...elements.keys(), ...used])
  return {
    family,
    sets: new Map([...sets].map((name) => [name, setSchema(family, name)])),
    elements,
    chains,
  }
}
