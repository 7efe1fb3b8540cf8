import type { Tuple } from '../model/tuple.ts'
import { type Candidate, compareTargets, type Target } from './choose-endpoints.ts'

/**
 * Returns a sorted list of targets with those of `before` replaced by `after`, which is sorted too.
 * Targets that stay are the same objects, and the list is the same one if all of them do.
 */
export function replaceTargets(
  list: readonly Target[],
  before: readonly Candidate[],
  after: readonly Target[],
): readonly Target[] {
  const come = new Map<Tuple, Target>(after.map((each) => [each.tuple, each]))
  const gone = new Set<Target>()
  for (const { endpoint, port } of before) {
    const place = { address: endpoint.address, port }
    const held = list[placeIn(list, place)]
    if (held === undefined || compareTargets(held, place) !== 0) continue
    if (come.get(held.tuple)?.local === held.local) come.delete(held.tuple)
    else gone.add(held)
  }
  const left = gone.size === 0 ? list : list.filter((each) => !gone.has(each))
  return come.size === 0 ? left : withTargets(left, come.values())
}

function withTargets(list: readonly Target[], come: Iterable<Target>): readonly Target[] {
  const all: Target[] = []
  let from = 0
  for (const each of come) {
    const to = placeIn(list, each)
    for (const other of list.slice(from, to)) all.push(other)
    all.push(each)
    from = to
  }
  for (const other of list.slice(from)) all.push(other)
  return all
}

/** Returns how many targets of a sorted list come before this one. */
function placeIn(list: readonly Target[], place: Pick<Target, 'address' | 'port'>): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = list[middle]
    if (other !== undefined && compareTargets(other, place) < 0) low = middle + 1
    else high = middle
  }
  return low
}
