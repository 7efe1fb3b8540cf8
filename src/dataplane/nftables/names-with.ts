import type { Tuple } from '../../model/tuple.ts'
import { isIpvsSet } from '../../ruleset/ipvs/elements.ts'
import { chainCalledBy } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { HeldElement } from './keep.ts'

/**
 * What a frame is made from when some elements are not as rendered: the names of the sets that have
 * elements, and of the chains that these lead to. Undefined where it is what is rendered. Costs as
 * much as there are exceptions. `calls`: by chain, how many rendered elements lead there.
 */
export function namesWith(
  rendered: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>,
  calls: ReadonlyMap<string, number>,
  exceptions: readonly HeldElement[],
): string[] | undefined {
  const more = new Map<string, number>()
  const count = (set: string, value: ElementValue | undefined, by: 1 | -1): void => {
    if (value === undefined) return
    const chain = chainCalledBy(value)
    for (const name of chain === undefined ? [set] : [set, chain]) {
      more.set(name, (more.get(name) ?? 0) + by)
    }
  }
  for (const { set, key, value } of exceptions) {
    if (isIpvsSet(set)) continue
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
