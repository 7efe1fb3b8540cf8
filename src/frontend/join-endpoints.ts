import type { SliceEndpoint } from '../model/service.ts'

/**
 * Returns one endpoint for two entries of slices. There are two while an endpoint moves between
 * slices, and if slices made by hand exist beside those of the controller. The result is on `node`
 * if either says so, as in kube-proxy (pkg/proxy/endpointslicecache.go); it has the hints of both,
 * and the better state. The order of the two does not matter.
 */
export function joinEndpoints(a: SliceEndpoint, b: SliceEndpoint, node: string): SliceEndpoint {
  const ready = a.ready || b.ready
  return {
    address: a.address,
    nodeName: joinNodeNames(a.nodeName, b.nodeName, node),
    ready,
    serving: a.serving || b.serving,
    terminating: ready ? a.terminating && b.terminating : a.terminating || b.terminating,
    zones: joinHints(a.zones, b.zones),
    nodes: joinHints(a.nodes, b.nodes),
  }
}

function joinNodeNames(
  a: string | undefined,
  b: string | undefined,
  node: string,
): string | undefined {
  if (a === node || b === node) return node
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}

function joinHints(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  return a === undefined || b === undefined ? (a ?? b) : [...new Set([...a, ...b])].sort()
}
