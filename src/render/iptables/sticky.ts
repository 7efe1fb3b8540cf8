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

/** Returns for how long clients are remembered; undefined without session affinity. */
export type StickySeconds = (key: Tuple) => number | undefined

/**
 * Returns the seconds from the name of the chain to which an endpoint's element leads (ADR 0006);
 * the chain is named by seconds and seat.
 */
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
