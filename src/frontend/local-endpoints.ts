import type { Address } from '../model/address.ts'
import type { SliceEndpoint, SliceObject } from '../model/service.ts'
import { joinEndpoints } from './join-endpoints.ts'

/**
 * Returns the number of ready endpoints of a Service on this node, each address counted once for
 * all its ports, as in kube-proxy's LocalReadyEndpoints. If there are two families, the one with
 * more counts, because a pod has an address in both.
 */
export function localEndpoints(slices: Iterable<SliceObject>, node: string): number {
  const found = { ipv4: new Map<Address, SliceEndpoint>(), ipv6: new Map<Address, SliceEndpoint>() }
  for (const { family, ports, endpoints } of slices) {
    if (ports.length === 0) continue
    for (const endpoint of endpoints) {
      const other = found[family].get(endpoint.address)
      const joined = other === undefined ? endpoint : joinEndpoints(other, endpoint, node)
      found[family].set(endpoint.address, joined)
    }
  }
  const counts = [found.ipv4, found.ipv6].map(
    (joined) => [...joined.values()].filter((one) => one.ready && one.nodeName === node).length,
  )
  return Math.max(...counts)
}
