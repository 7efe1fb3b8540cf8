import type { Tuple } from '../../model/tuple.ts'
import { setNamed, setsOf } from './sets.ts'
import type { ElementValue } from './types.ts'

type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>

/**
 * Returns how many slots each frontend has in an endpoints map, as the other sets of the table tell: those of
 * `countSet`, and one at most for every other frontend. Undefined where the set is no endpoints map.
 */
export function slotCounts(
  map: string,
  elements: Elements,
): ReadonlyMap<Tuple, number> | undefined {
  const id = setNamed(map)
  if (id?.kind !== 'endpoints') return undefined
  const { front, reach } = id
  const { known, local } = setsOf(front)
  const singles = elements.get(reach === 'cluster' ? known : local)?.keys() ?? []
  const counts = new Map<Tuple, number>(Array.from(singles, (key) => [key, 1]))
  for (const [name, members] of elements) {
    const counted = setNamed(name)
    if (counted?.kind !== 'counted' || counted.front !== front || counted.reach !== reach) continue
    for (const key of members.keys()) counts.set(key, counted.count)
  }
  return counts
}
