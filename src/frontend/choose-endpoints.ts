import type { Address, Port } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { SliceEndpoint } from '../model/service.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import { joinEndpoints } from './join-endpoints.ts'
import {
  count,
  isAnyUsed,
  isUsed,
  noTally,
  type Used,
  usedByCluster,
  usedByLocal,
} from './tally.ts'

/** An endpoint of one Service port, joined from the slices. */
export interface Candidate {
  readonly endpoint: SliceEndpoint
  readonly port: Port
}

export interface Target {
  readonly address: Address
  readonly port: Port
  /** Both as one text. */
  readonly tuple: Tuple
  /** True if the pod is on this node. */
  readonly local: boolean
}

export interface Chosen {
  /** The endpoints that policy Cluster uses, after topology hints. */
  readonly cluster: readonly Target[]
  /** The endpoints that policy Local uses. */
  readonly local: readonly Target[]
  /** True if any endpoint anywhere can serve; under policy Local it decides "reject" or "drop". */
  readonly any: boolean
  /** How many endpoints there are, whatever their state. */
  readonly count: number
  /** Returns all of them, each once. */
  readonly offered: () => readonly Candidate[]
}

/**
 * Returns the endpoints that this node uses. If none is ready, those that are serving and
 * terminating are used; the cluster-wide and the local set decide this separately (KEP-1669). Hints
 * count for the cluster-wide set only (KEP-2433, KEP-3015).
 */
export function chooseEndpoints(candidates: readonly Candidate[], node: NodeView): Chosen {
  const unique = distinct(candidates, node)
  const tally = noTally()
  for (const { endpoint } of unique) count(tally, endpoint, node, 1)
  const here = unique.filter((each) => isLocal(each, node))
  return {
    cluster: targetsOf(unique, node, usedByCluster(tally)),
    local: targetsOf(here, node, usedByLocal(tally)),
    any: isAnyUsed(tally),
    count: tally.all,
    offered: () => unique,
  }
}

/** Joins the entries that several slices have for the same address and port to one endpoint. */
export function distinct(candidates: readonly Candidate[], node: NodeView): readonly Candidate[] {
  if (isEachOnce(candidates)) return candidates
  const seen = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const { endpoint, port } = candidate
    const key = `${endpoint.address} ${port}`
    const other = seen.get(key)
    seen.set(
      key,
      other === undefined
        ? candidate
        : { endpoint: joinEndpoints(other.endpoint, endpoint, node.name), port },
    )
  }
  return [...seen.values()]
}

/** Of a few endpoints, comparing each with each is cheaper than a map; nearly all Services have few. */
function isEachOnce(candidates: readonly Candidate[]): boolean {
  if (candidates.length > FEW) return false
  return candidates.every(({ endpoint: { address }, port }, at) => {
    for (let other = 0; other < at; other++) {
      const former = candidates[other]
      if (former?.endpoint.address === address && former.port === port) return false
    }
    return true
  })
}

const FEW = 8

/** Returns those of the endpoints that are used, in order. */
export function targetsOf(
  unique: readonly Candidate[],
  node: NodeView,
  used: Used,
): readonly Target[] {
  if (unique.length === 0) return NO_TARGETS
  const targets: Target[] = []
  for (const each of unique) {
    const { endpoint, port } = each
    if (!isUsed(used, endpoint, node)) continue
    targets.push(targetOf(endpoint.address, port, isLocal(each, node)))
  }
  return targets.sort(compareTargets)
}

/** What nearly every Service has on a node of a large cluster. */
const NO_TARGETS: readonly Target[] = []

/** Returns a target with both of its parts as one text. */
export function targetOf(address: Address, port: Port, local: boolean): Target {
  return { address, port, tuple: tuple(address, port), local }
}

/** Returns whether the endpoint is on this node. */
export function isLocal({ endpoint }: Candidate, node: NodeView): boolean {
  return endpoint.nodeName === node.name
}

type Place = Pick<Target, 'address' | 'port'>

/** Orders by address, then by port. */
export function compareTargets(a: Place, b: Place): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port
}
