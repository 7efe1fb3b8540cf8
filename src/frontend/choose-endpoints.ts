import type { Address, Port } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { SliceEndpoint } from '../model/service.ts'
import { joinEndpoints } from './join-endpoints.ts'

/** An endpoint of one Service port, joined from the slices. */
export interface Candidate {
  readonly endpoint: SliceEndpoint
  readonly port: Port
}

export interface Target {
  readonly address: Address
  readonly port: Port
  /** Whether the pod is on this node. */
  readonly local: boolean
}

export interface Chosen {
  /** What policy Cluster uses, after topology hints. */
  readonly all: readonly Target[]
  /** What policy Local uses. */
  readonly local: readonly Target[]
  /** Whether anything anywhere could serve; tells "reject" from "drop" under policy Local. */
  readonly any: boolean
  /** All that there are, each once, whatever their state. */
  readonly offered: readonly Candidate[]
}

/**
 * The endpoints this node uses. Readiness falls back to serving-and-terminating ones separately for
 * the cluster-wide and for the local set (KEP-1669), hints count for the cluster-wide set only
 * (KEP-2433, KEP-3015).
 */
export function chooseEndpoints(candidates: readonly Candidate[], node: NodeView): Chosen {
  const unique = distinct(candidates, node)
  const ready = unique.filter(({ endpoint }) => endpoint.ready)
  const leaving = unique.filter(({ endpoint }) => endpoint.serving && endpoint.terminating)
  const near = byTopology(ready, node)
  const here = ready.filter((candidate) => isLocal(candidate, node))
  return {
    all: targets(near.length > 0 ? near : leaving, node),
    local: targets(here.length > 0 ? here : leaving.filter((c) => isLocal(c, node)), node),
    any: ready.length > 0 || leaving.length > 0,
    offered: unique,
  }
}

/** Hints are used only when every ready endpoint has one and one of them is meant for us. */
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

/** The same address and port in several slices is one endpoint. */
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
    .map((c) => ({ address: c.endpoint.address, port: c.port, local: isLocal(c, node) }))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port))
}
