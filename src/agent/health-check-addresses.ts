import { networkInterfaces } from 'node:os'
import { joinEndpoints } from '../frontend/join-endpoints.ts'
import { type Address, cidrContains, familyOf, parseAddress } from '../model/address.ts'
import { type NodePortAddresses, type NodeView, nodePortAddressesIn } from '../model/node.ts'
import type { SliceEndpoint, SliceObject } from '../model/service.ts'

/**
 * An address to listen on; undefined means all addresses, of both families if the node has them.
 */
export type ListenAddress = Address | undefined

/** Returns where healthCheckNodePorts answer: on the addresses of NodePorts, as in kube-proxy. */
export function healthCheckAddresses(
  choice: NodePortAddresses,
  node: NodeView,
  own: readonly Address[],
): readonly ListenAddress[] {
  switch (choice.kind) {
    case 'all':
      return [undefined]
    case 'primary':
      return (['ipv4', 'ipv6'] as const).flatMap((family) => {
        const first = node.addresses.find((address) => familyOf(address) === family)
        return first === undefined ? [] : [first]
      })
    case 'ranges':
      return own.filter((address) => {
        const { kind } = nodePortAddressesIn(choice, familyOf(address))
        return kind === 'all' || choice.ranges.some((range) => cidrContains(range, address))
      })
  }
}

/**
 * Returns the addresses of this machine's interfaces, except link-local ones, which need a scope.
 */
export function ownAddresses(): readonly Address[] {
  const found = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? [])
  return found.flatMap(({ address, scopeid }) => {
    const parsed = scopeid ? undefined : parseAddress(address)
    return parsed === undefined ? [] : [parsed.value]
  })
}

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
