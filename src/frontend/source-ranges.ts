import { type Address, type Cidr, cidrContains, familyOf, hostCidr } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject } from '../model/service.ts'
import { intervals } from './intervals.ts'

/**
 * Returns who may connect to a load-balancer address, as disjoint intervals in nft's text; undefined
 * where everybody may. loadBalancerSourceRanges guards load-balancer addresses only, by family, as
 * kube-proxy does. One that cannot be read lists nobody, of either family: unlike kube-proxy's, it
 * never opens an address.
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
 * Where the load-balancer address sits on the node itself, the node's own connections to it carry
 * that address as their source; they are allowed when the node is.
 */
function nodeSpeaksAs(node: NodeView, ranges: readonly Cidr[], address: Address): readonly Cidr[] {
  const allowed = node.addresses.some((own) => ranges.some((range) => cidrContains(range, own)))
  return allowed ? [hostCidr(address)] : []
}
