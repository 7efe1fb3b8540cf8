import { endpointsMap, type Front, isSeatedSet, setsOf, tuple } from '../../ruleset/sets.ts'
import type { ElementValue, Tuple } from '../../ruleset/types.ts'

type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>

/** How long the clients of a front are remembered; undefined of one without session affinity. */
export type StickySeconds = (key: Tuple) => number | undefined

/** The names of the sets say it (ADR 0006): an endpoint is in the one of its seat and its time. */
export function stickySeconds(front: Front, elements: Elements): StickySeconds {
  const { known } = setsOf(front)
  const names = [...elements.keys()]
  const sticky = names.filter((name) => name.startsWith(`sticky-${known}-`))
  const seated = names.filter((name) => isSeatedSet(name) && name.startsWith(`seated-${known}-`))
  const holds = (name: string, element: Tuple): boolean => elements.get(name)?.has(element) === true
  return (key) => {
    if (!sticky.some((name) => holds(name, key))) return undefined
    const endpoint = anyEndpoint(elements, front, key)
    if (endpoint === undefined) return undefined
    const set = seated.find((name) => holds(name, tuple(key, endpoint)))
    return set === undefined ? undefined : Number(set.split('-').at(-2))
  }
}

function anyEndpoint(elements: Elements, front: Front, key: Tuple): Tuple | undefined {
  for (const reach of ['all', 'local'] as const) {
    const endpoint = elements.get(endpointsMap(front, reach))?.get(tuple(key, 0))?.data
    if (endpoint !== undefined) return endpoint
  }
  return undefined
}
