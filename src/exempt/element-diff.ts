import { type Owner, ownerIn } from '../frontend/label-text.ts'
import type { TableFamily } from '../model/family.ts'
import { present } from '../model/present.ts'
import { firstFields, type Tuple, tuple } from '../model/tuple.ts'
import { type OwnerOf, owners } from '../plan/nftables/owners.ts'
import { rememberedFor } from '../render/remembered-times.ts'
import { sameValue } from '../ruleset/nftables/same-value.ts'
import { setSchema } from '../ruleset/nftables/set-schema.ts'
import { SETS, setNamed, splitNumber } from '../ruleset/nftables/sets.ts'
import type {
  ElementStep,
  ElementValue,
  KernelRuleset,
  KernelTable,
  Ruleset,
} from '../ruleset/nftables/types.ts'
import { goTo, rememberChain } from '../ruleset/nftables/verdicts.ts'

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
 * Returns where the kernel differs from what is desired for some Services, by Service. An address
 * that one of them has is its own, also if another Service is to get it.
 */
export function differencesOf(
  kernel: KernelRuleset,
  desired: Ruleset,
  names: ReadonlySet<Owner>,
): ReadonlyMap<Owner, readonly ElementStep[]> {
  return stepsByService(elementSteps(kernel, desired), names, owners(desired, kernel))
}

/** Returns the changes that belong to some Services, by Service. */
export function stepsByService(
  steps: readonly ElementStep[],
  names: ReadonlySet<Owner>,
  ownerOf: OwnerOf,
): ReadonlyMap<Owner, readonly ElementStep[]> {
  const found = new Map<Owner, ElementStep[]>()
  const users = new Map<string, Owner>()
  const add = (service: Owner, step: ElementStep): void => {
    const { family, set, before } = step
    const mine = found.get(service) ?? []
    mine.push(step)
    found.set(service, mine)
    const isEndpoint = setNamed(set)?.kind === 'endpoints'
    const target = isEndpoint ? before?.data && firstFields(before.data, 1) : undefined
    if (target !== undefined) users.set(`${family} ${tuple(target, target)}`, service)
  }
  for (const step of steps) {
    const service = serviceOfStep(step, ownerOf)
    if (service !== undefined && names.has(service)) add(service, step)
  }
  for (const step of steps) {
    const user = step.set === SETS.hairpin && users.get(`${step.family} ${step.key}`)
    if (user && step.after === undefined) add(user, step)
  }
  return found
}

/** Returns the Service that a changed element serves; undefined where it serves none. */
export function serviceOfStep(step: ElementStep, ownerOf: OwnerOf): Owner | undefined {
  const { family, set, key, before, after } = step
  const value = present(before ?? after)
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
    if (!sameValue(before, after)) yield { family, set, key, before, after }
  }
  for (const [set, elements] of wanted?.elements ?? []) {
    const there = found?.elements.get(set)
    for (const [key, after] of elements) {
      if (!there?.has(key)) yield { family, set, key, before: undefined, after }
    }
  }
}

/**
 * Yields the elements of sets that have the shape of their name; those that clients left are not
 * included.
 */
export function* entries(table: KernelTable): Iterable<readonly [string, Tuple, ElementValue]> {
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
