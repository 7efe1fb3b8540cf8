import { intervals } from '../../frontend/intervals.ts'
import { type Cidr, familyOf, hostCidr, type IpFamily } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { type NodeView, namedAddresses, primaryAddresses, type Settings } from '../../model/node.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'

/** The keys of each set that comes from the node and the configuration. */
export type BaseSets = ReadonlyMap<string, readonly Tuple[]>

/** Returns the sets that come from the node and the configuration, for each table. */
export function configuration(node: NodeView, settings: Settings): Record<TableFamily, BaseSets> {
  const sets = (family: IpFamily): BaseSets => {
    const found = new Map<string, readonly Tuple[]>()
    const put = (name: string, cidrs: readonly Cidr[]): void => {
      const mine = cidrs.filter((cidr) => familyOf(cidr) === family)
      if (mine.length > 0)
        found.set(
          name,
          intervals(family, mine).map((text) => tuple(text)),
        )
    }
    if (settings.localTraffic.kind === 'ranges') put(SETS.podRanges, settings.localTraffic.ranges)
    const named = namedAddresses(node).filter((address) => familyOf(address) === family)
    if (named.length > 0)
      found.set(
        SETS.nodeAddresses,
        named.map((address) => tuple(address)),
      )
    if (settings.scope === 'all') {
      put(SETS.nodePortAddresses, nodePortRanges(node, settings))
      put(SETS.serviceRanges, settings.serviceRanges)
    }
    return found
  }
  return { ip: sets('ipv4'), ip6: sets('ipv6') }
}

function nodePortRanges(node: NodeView, settings: Settings): readonly Cidr[] {
  const { nodePortAddresses } = settings
  if (nodePortAddresses.kind === 'ranges') return nodePortAddresses.ranges
  if (nodePortAddresses.kind === 'all') return []
  return primaryAddresses(node).map(hostCidr)
}
