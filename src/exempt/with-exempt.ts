import { type Owner, ownerIn } from '../frontend/label-text.ts'
import type { TableFamily } from '../model/family.ts'
import type { Settings } from '../model/node.ts'
import { present } from '../model/present.ts'
import { firstFields, type Tuple, tuple } from '../model/tuple.ts'
import { type OwnerOf, owners } from '../plan/nftables/owners.ts'
import { frame } from '../render/nftables/chains.ts'
import { inFamily, lookups, namesIn, schemasOf } from '../render/nftables/table.ts'
import { setSchema } from '../ruleset/nftables/set-schema.ts'
import { ENDPOINTS_MAPS, SETS } from '../ruleset/nftables/sets.ts'
import type {
  ElementValue,
  KernelRuleset,
  KernelTable,
  Ruleset,
  Table,
} from '../ruleset/nftables/types.ts'
import { entries } from './element-diff.ts'

type Elements = Map<string, Map<Tuple, ElementValue>>

/**
 * Returns `desired` with what the kernel holds of some Services: their elements, and the sets,
 * chains and rules that these need. An address that one of them has stays with it.
 */
export function withExempt(
  kernel: KernelRuleset,
  desired: Ruleset,
  names: ReadonlySet<Owner>,
  settings: Settings,
): Ruleset {
  const ownerOf = owners(kernel, {})
  const tableOf = (family: TableFamily): Table | undefined => {
    const found = kernel[family]
    const wanted = desired[family]
    if (found === undefined) return wanted
    const mine = ownedBy(family, names, ownerOf)
    return assemble(family, merge(found, wanted, mine), settings) ?? wanted
  }
  const ip = tableOf('ip')
  const ip6 = tableOf('ip6')
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

type IsOwned = (set: string, key: Tuple, value: ElementValue) => boolean

function ownedBy(family: TableFamily, names: ReadonlySet<Owner>, ownerOf: OwnerOf): IsOwned {
  return (name, key, value) => {
    const set = setSchema(family, name)
    const owner = ownerOf({ kind: 'delete-element', family, set, key, value })
    return owner !== undefined && names.has(ownerIn(owner))
  }
}

/** Returns the elements of both; undefined where nothing in the kernel is exempt. */
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

/**
 * Yields elements whose comments name no Service: the hairpin of exempt endpoints, and those of
 * the node.
 */
function* sharedElements(
  found: KernelTable,
  wanted: Table | undefined,
  exempt: Elements,
): Iterable<readonly [string, Tuple, ElementValue]> {
  const targets = new Set<string>()
  for (const map of ENDPOINTS_MAPS) {
    for (const { data } of exempt.get(map)?.values() ?? []) {
      const address = firstFields(present(data), 1)
      targets.add(tuple(address, address))
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
  SETS.nodeAddresses,
  SETS.nodePortAddresses,
  SETS.serviceRanges,
])

function assemble(
  family: TableFamily,
  elements: Elements | undefined,
  settings: Settings,
): Table | undefined {
  if (elements === undefined) return undefined
  const chains = frame(inFamily(settings, family), namesIn(elements))
  const used = lookups(chains)
  for (const name of OF_THE_NODE) if (!used.has(name)) elements.delete(name)
  const sets = new Set([...elements.keys(), ...used])
  return {
    family,
    sets: schemasOf(family, sets, settings),
    elements,
    chains,
  }
}
