import type { Tuple } from '../model/tuple.ts'
import type { ElementStep, ElementValue } from '../ruleset/nftables/types.ts'
import { chainCalledBy } from '../ruleset/nftables/verdicts.ts'

/**
 * Returns the names from which a frame is made when some elements are not as rendered, but as they
 * were before a change: those of sets that have elements, and of the chains to which these lead.
 * Returns undefined where the names are those of what is rendered. The work grows with the number
 * of exempt elements. `calls` has for each chain how many rendered elements lead there.
 */
export function namesWith(
  rendered: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>,
  calls: ReadonlyMap<string, number>,
  exempt: readonly ElementStep[],
): string[] | undefined {
  const more = new Map<string, number>()
  const count = (set: string, value: ElementValue | undefined, by: 1 | -1): void => {
    if (value === undefined) return
    const chain = chainCalledBy(value)
    for (const name of chain === undefined ? [set] : [set, chain]) {
      more.set(name, (more.get(name) ?? 0) + by)
    }
  }
  for (const { set, key, before: value } of exempt) {
    count(set, value, 1)
    count(set, rendered.get(set)?.get(key), -1)
  }
  const before = (name: string): number => rendered.get(name)?.size ?? calls.get(name) ?? 0
  const after = (name: string): number => before(name) + (more.get(name) ?? 0)
  if ([...more.keys()].every((name) => after(name) > 0 === before(name) > 0)) return undefined
  return [...new Set([...rendered.keys(), ...calls.keys(), ...more.keys()])].filter(
    (name) => after(name) > 0,
  )
}

/** Returns what is rendered, except for some elements that are as they were before a change. */
export function elementsWith(
  rendered: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>> | undefined,
  exempt: readonly ElementStep[],
): ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>> {
  const elements = new Map(rendered ?? [])
  const copies = new Map<string, Map<Tuple, ElementValue>>()
  for (const { set, key, before: value } of exempt) {
    const copy = copies.get(set) ?? new Map(elements.get(set) ?? [])
    copies.set(set, copy)
    elements.set(set, copy)
    if (value === undefined) copy.delete(key)
    else copy.set(key, value)
  }
  return elements
}
