import { type Address, type Cidr, cidrContains, familyOf, hostCidr } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject } from '../model/service.ts'
import { intervals } from './intervals.ts'

/**
 * Returns the sources that may connect to a load-balancer address, as disjoint intervals in nft's
 * text; undefined if every client may. As in kube-proxy, loadBalancerSourceRanges guards
 * load-balancer addresses only, family by family. Unlike in kube-proxy, a range that cannot be read
 * never opens an address: it allows no client, in either family.
 */
export function allowedSources(
  service: ServiceObject,
  node: NodeView,
  address: Address,
): readonly string[] | undefined {
  const family = familyOf(address)
  const ranges = service.sourceRanges.filter((range) => familyOf(range) === family)
  if (ranges.length === 0 && !service.rangesUnread) return undefined
  return intervals(family, [...ranges, ...nodeSpeaksAs(node, ranges, address)])
}

/**
 * If the load-balancer address is on the node itself, the node's own connections to it carry that
 * address as their source. They are allowed if the node is.
 */
function nodeSpeaksAs(node: NodeView, ranges: readonly Cidr[], address: Address): readonly Cidr[] {
  const allowed = node.addresses.some((own) => ranges.some((range) => cidrContains(range, own)))
  return allowed ? [hostCidr(address)] : []
}
