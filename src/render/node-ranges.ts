import { intervals } from '../frontend/intervals.ts'
import { type Address, type Cidr, familyOf, hostCidr, type IpFamily } from '../model/address.ts'
import {
  type NodeView,
  namedAddresses,
  primaryAddresses,
  type Settings,
  type Situation,
} from '../model/node.ts'

/**
 * What the node and the configuration say of addresses of one family. Ranges are disjoint
 * intervals in nft's text.
 */
export interface NodeRanges {
  /** Ranges whose traffic counts as that of pods. */
  readonly pods: readonly string[]
  /** All addresses that the Node object names: the node's own, even if no route says so (VRFs). */
  readonly nodeAddresses: readonly Address[]
  /** Ranges in which NodePorts are served; none if all addresses of the node serve them. */
  readonly nodePorts: readonly string[]
  /** Ranges in which connections to an address that no ClusterIP serves are dropped. */
  readonly services: readonly string[]
}

/** Returns what a situation says of the addresses of one family. */
export function nodeRanges(family: IpFamily, { node, settings }: Situation): NodeRanges {
  const { localTraffic, scope, serviceRanges } = settings
  const merged = (cidrs: readonly Cidr[]): readonly string[] =>
    intervals(
      family,
      cidrs.filter((cidr) => familyOf(cidr) === family),
    )
  return {
    pods: localTraffic.kind === 'ranges' ? merged(localTraffic.ranges) : [],
    nodeAddresses: namedAddresses(node).filter((address) => familyOf(address) === family),
    nodePorts: scope === 'all' ? merged(nodePortRanges(node, settings)) : [],
    services: scope === 'all' ? merged(serviceRanges) : [],
  }
}

function nodePortRanges(node: NodeView, { nodePortAddresses }: Settings): readonly Cidr[] {
  if (nodePortAddresses.kind === 'ranges') return nodePortAddresses.ranges
  if (nodePortAddresses.kind === 'all') return []
  return primaryAddresses(node).map(hostCidr)
}
