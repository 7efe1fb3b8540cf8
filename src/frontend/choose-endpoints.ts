import type { Address, Port } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { SliceEndpoint } from '../model/service.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import { joinEndpoints } from './join-endpoints.ts'

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
  /** All endpoints, each once, whatever their state. */
  readonly offered: readonly Candidate[]
}

/**
 * Returns the endpoints that this node uses. If none is ready, those that are serving and
 * terminating are used; the cluster-wide and the local set decide this separately (KEP-1669). Hints
 * count for the cluster-wide set only (KEP-2433, KEP-3015).
 */
export function chooseEndpoints(candidates: readonly Candidate[], node: NodeView): Chosen {
  const unique = distinct(candidates, node)
  const ready = unique.filter(({ endpoint }) => endpoint.ready)
  const leaving = unique.filter(({ endpoint }) => endpoint.serving && endpoint.terminating)
  const near = byTopology(ready, node)
  const here = ready.filter((candidate) => isLocal(candidate, node))
  return {
    cluster: targets(near.length > 0 ? near : leaving, node),
    local: targets(here.length > 0 ? here : leaving.filter((c) => isLocal(c, node)), node),
    any: ready.length > 0 || leaving.length > 0,
    offered: unique,
  }
}

/** Uses hints only if every ready endpoint has one and one of them names this node or zone. */
function byTopology(ready: readonly Candidate[], node: NodeView): readonly Candidate[] {
  const forNode = hinted(ready, (endpoint) => endpoint.nodes, node.name)
  if (forNode !== undefined) return forNode
  return hinted(ready, (endpoint) => endpoint.zones, node.zone) ?? ready
}

function hinted(
  ready: readonly Candidate[],
  hint: (endpoint: SliceEndpoint) => readonly string[] | undefined,
  mine: string | undefined,
): readonly Candidate[] | undefined {
  if (mine === undefined || !ready.every(({ endpoint }) => (hint(endpoint)?.length ?? 0) > 0)) {
    return undefined
  }
  const chosen = ready.filter(({ endpoint }) => hint(endpoint)?.includes(mine))
  return chosen.length > 0 ? chosen : undefined
}

function isLocal({ endpoint }: Candidate, node: NodeView): boolean {
  return endpoint.nodeName === node.name
}

/** Joins the entries that several slices have for the same address and port to one endpoint. */
function distinct(candidates: readonly Candidate[], node: NodeView): readonly Candidate[] {
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

function targets(candidates: readonly Candidate[], node: NodeView): readonly Target[] {
  return candidates
    .map((candidate) =>
      targetOf(candidate.endpoint.address, candidate.port, isLocal(candidate, node)),
    )
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port))
}

export function targetOf(address: Address, port: Port, local: boolean): Target {
  return { address, port, tuple: tuple(address, port), local }
}
