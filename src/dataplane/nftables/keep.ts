import { type Owner, ownerIn } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type { Settings } from '../../model/node.ts'
import { firstFields, type Tuple, tuple } from '../../model/tuple.ts'
import type { ElementStep } from '../../plan/nftables/delta.ts'
import { type OwnerOf, owners } from '../../plan/nftables/owners.ts'
import { frame } from '../../render/nftables/chains.ts'
import { inFamily, lookups, namesIn, schemasOf } from '../../render/nftables/table.ts'
import { rememberedFor } from '../../render/remembered-times.ts'
import { setSchema } from '../../ruleset/nftables/set-schema.ts'
import { ENDPOINTS_MAPS, SETS, setNamed, splitNumber } from '../../ruleset/nftables/sets.ts'
import type {
  ElementValue,
  KernelRuleset,
  KernelTable,
  Ruleset,
  Table,
} from '../../ruleset/nftables/types.ts'
import { goTo, rememberChain } from '../../ruleset/nftables/verdicts.ts'

type Elements = Map<string, Map<Tuple, ElementValue>>

/** Returns the Services whose elements the kernel holds, as the comments name them. */
export function programmed(kernel: KernelRuleset): ReadonlySet<Owner> {
  const names = new Set<Owner>()
  for (const table of [kernel.ip, kernel.ip6]) {
    for (const elements of table?.elements.values() ?? []) {
      for (const { comment } of elements.values()) {
        if (comment !== undefined) names.add(ownerIn(comment))
      }
    }
  }
  return names
}

/**
 * Returns `desired` with what the kernel holds of some Services: their elements, and the sets,
 * chains and rules that these need. An address that one of them has stays with it.
 */
export function keepServices(
  kernel: KernelRuleset,
  desired: Ruleset,
  names: ReadonlySet<Owner>,
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

/** Returns where the kernel differs from what is desired for some Services, by Service. */
export function differences(
  kernel: KernelRuleset,
  desired: Ruleset,
  names: ReadonlySet<Owner>,
): ReadonlyMap<Owner, readonly ElementStep[]> {
  return heldBack(elementSteps(kernel, desired), names, owners(kernel, desired))
}

/** Returns the changes that belong to some Services, by Service. */
export function heldBack(
  steps: readonly ElementStep[],
  names: ReadonlySet<Owner>,
  ownerOf: OwnerOf,
): ReadonlyMap<Owner, readonly ElementStep[]> {
  const held = new Map<Owner, ElementStep[]>()
  const users = new Map<string, Owner>()
  const hold = (service: Owner, step: ElementStep): void => {
    const { family, set, before } = step
    const mine = held.get(service) ?? []
    mine.push(step)
    held.set(service, mine)
    const isEndpoint = setNamed(set)?.kind === 'endpoints'
    const target = isEndpoint ? before?.data && firstFields(before.data, 1) : undefined
    if (target !== undefined) users.set(`${family} ${tuple(target, target)}`, service)
  }
  for (const step of steps) {
    const service = serviceOfStep(step, ownerOf)
    if (service !== undefined && names.has(service)) hold(service, step)
  }
  for (const step of steps) {
    const user = step.set === SETS.hairpin && users.get(`${step.family} ${step.key}`)
    if (user && step.after === undefined) hold(user, step)
  }
  return held
}

/** Returns the Service that a changed element serves; undefined where it serves none. */
export function serviceOfStep(step: ElementStep, ownerOf: OwnerOf): Owner | undefined {
  const { family, set, key, before, after } = step
  const value = before ?? after ?? {}
  const label = ownerOf({ kind: 'add-element', family, set: setSchema(family, set), key, value })
  return label === undefined ? undefined : ownerIn(label)
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** Returns every element in which the two differ. */
export function elementSteps(kernel: KernelRuleset, desired: Ruleset): readonly ElementStep[] {
  return FAMILIES.flatMap((family) => [...stepsOfFamily(family, kernel, desired)])
}

function* stepsOfFamily(
  family: TableFamily,
  kernel: KernelRuleset,
  desired: Ruleset,
): Iterable<ElementStep> {
  const found = kernel[family]
  const wanted = desired[family]
  for (const [set, key, before] of found === undefined ? [] : entries(found)) {
    const after = wanted?.elements.get(set)?.get(key)
    if (after?.data !== before.data || after?.comment !== before.comment || after === undefined) {
      yield { family, set, key, before, after }
    }
  }
  for (const [set, elements] of wanted?.elements ?? []) {
    const there = found?.elements.get(set)
    for (const [key, after] of elements) {
      if (!there?.has(key)) yield { family, set, key, before: undefined, after }
    }
  }
}

type IsOwned = (set: string, key: Tuple, value: ElementValue) => boolean

function ownedBy(family: TableFamily, names: ReadonlySet<Owner>, ownerOf: OwnerOf): IsOwned {
  return (name, key, value) => {
    const set = setSchema(family, name)
    const owner = ownerOf({ kind: 'delete-element', family, set, key, value })
    return owner !== undefined && names.has(ownerIn(owner))
  }
}

/** Returns the elements of both; undefined where nothing in the kernel has to be kept. */
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
 * Yields the elements of sets that have the shape of their name; those that clients left are not
 * included.
 */
function* entries(table: KernelTable): Iterable<readonly [string, Tuple, ElementValue]> {
  for (const [name, elements] of table.elements) {
    yield* formerlySeated(name, elements.keys())
    const own = setSchema(table.family, name)
    const schema = table.sets.get(name)
    if (own.learned || `${schema?.key}` !== `${own.key}` || `${schema?.data}` !== `${own.data}`) {
      continue
    }
    for (const [key, value] of elements) yield [name, key, value]
  }
}

/** A former layout had a set for each time and seat, where there is now a verdict map. */
function* formerlySeated(
  name: string,
  keys: Iterable<Tuple>,
): Iterable<readonly [string, Tuple, ElementValue]> {
  const [rest = '', seat] = splitNumber(name) ?? []
  const [map = '', seconds] = splitNumber(rest) ?? []
  if (seat === undefined || seconds === undefined || setNamed(map)?.kind !== 'seated') return
  const data = goTo(rememberChain(rememberedFor(seconds), seat))
  for (const key of keys) yield [map, key, { data }]
}

/**
 * Yields elements whose comments name no Service: the hairpin of kept endpoints, and those of the
 * node.
 */
function* sharedElements(
  found: KernelTable,
  wanted: Table | undefined,
  kept: Elements,
): Iterable<readonly [string, Tuple, ElementValue]> {
  const targets = new Set<string>()
  for (const map of ENDPOINTS_MAPS) {
    for (const { data } of kept.get(map)?.values() ?? []) {
      const address = data && firstFields(data, 1)
      if (address !== undefined) targets.add(tuple(address, address))
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
