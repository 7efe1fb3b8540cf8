import type { NodeView } from '../model/node.ts'
import type { SliceEndpoint } from '../model/service.ts'
import { unreachable } from '../model/unreachable.ts'

/** How many endpoints of a Service port there are of each kind that decides which ones are used. */
export interface Tally {
  all: number
  ready: number
  /** Those that are serving and terminating. */
  leaving: number
  /** Of those that are ready: on this node; with hints for nodes or zones; with this one's. */
  here: number
  hintingNodes: number
  forThisNode: number
  hintingZones: number
  forThisZone: number
}

/** Returns the counts where there is no endpoint. */
export function noTally(): Tally {
  return {
    all: 0,
    ready: 0,
    leaving: 0,
    here: 0,
    hintingNodes: 0,
    forThisNode: 0,
    hintingZones: 0,
    forThisZone: 0,
  }
}

/** Counts an endpoint, or takes it back. */
export function count(tally: Tally, endpoint: SliceEndpoint, node: NodeView, by: 1 | -1): void {
  const { ready, nodes, zones } = endpoint
  tally.all += by
  if (isUsed('leaving', endpoint, node)) tally.leaving += by
  if (!ready) return
  tally.ready += by
  if (endpoint.nodeName === node.name) tally.here += by
  if (nodes !== undefined && nodes.length > 0) tally.hintingNodes += by
  if (isUsed('hinting-node', endpoint, node)) tally.forThisNode += by
  if (zones !== undefined && zones.length > 0) tally.hintingZones += by
  if (isUsed('hinting-zone', endpoint, node)) tally.forThisZone += by
}

/** Which endpoints are used: those that are ready, or of these some; or those that are leaving. */
export type Used = 'ready' | 'hinting-node' | 'hinting-zone' | 'leaving'

/** Uses hints only if every ready endpoint has one and one of them names this node or zone. */
export function usedByCluster(tally: Tally): Used {
  const { ready, hintingNodes, forThisNode, hintingZones, forThisZone } = tally
  if (ready === 0) return 'leaving'
  if (hintingNodes === ready && forThisNode > 0) return 'hinting-node'
  return hintingZones === ready && forThisZone > 0 ? 'hinting-zone' : 'ready'
}

/** Returns which of the endpoints on this node are used. */
export function usedByLocal({ here }: Tally): Used {
  return here > 0 ? 'ready' : 'leaving'
}

/** Returns whether any endpoint anywhere is used. */
export function isAnyUsed({ ready, leaving }: Tally): boolean {
  return ready > 0 || leaving > 0
}

/** Returns whether an endpoint is among those that are used. */
export function isUsed(used: Used, endpoint: SliceEndpoint, { name, zone }: NodeView): boolean {
  const { ready, serving, terminating, nodes, zones } = endpoint
  switch (used) {
    case 'ready':
      return ready
    case 'hinting-node':
      return ready && nodes?.includes(name) === true
    case 'hinting-zone':
      return ready && zone !== undefined && zones?.includes(zone) === true
    case 'leaving':
      return serving && terminating
    default:
      return unreachable(used)
  }
}
