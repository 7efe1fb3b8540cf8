import { type Tuple, tuple } from '../../model/tuple.ts'
import {
  chainCalledBy,
  endpointsMap,
  type Front,
  remembering,
  seatedMap,
} from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'

type Elements = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>

/** How long the clients of a front are remembered; undefined of one without session affinity. */
export type StickySeconds = (key: Tuple) => number | undefined

/** The names of the chains say it (ADR 0006): an endpoint leads to the one of its seat and time. */
export function stickySeconds(front: Front, elements: Elements): StickySeconds {
  const seated = elements.get(seatedMap(front))
  return (key) => {
    const endpoint = seated && anyEndpoint(elements, front, key)
    if (endpoint === undefined) return undefined
    const chain = chainCalledBy(seated?.get(tuple(key, endpoint)) ?? {})
    return chain === undefined ? undefined : remembering(chain)?.seconds
  }
}

function anyEndpoint(elements: Elements, front: Front, key: Tuple): Tuple | undefined {
  for (const reach of ['all', 'local'] as const) {
    const endpoint = elements.get(endpointsMap(front, reach))?.get(tuple(key, 0))?.data
    if (endpoint !== undefined) return endpoint
  }
  return undefined
}
