import type { IpFamily } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import { nodeRanges } from '../node-ranges.ts'

/** The keys of each set that comes from the node and the configuration. */
export type BaseSets = ReadonlyMap<string, readonly Tuple[]>

/** Returns the sets that come from the node and the configuration, for each table. */
export function configuration(node: NodeView, settings: Settings): Record<TableFamily, BaseSets> {
  const sets = (family: IpFamily): BaseSets => {
    const { pods, nodeAddresses, nodePorts, services } = nodeRanges(family, { node, settings })
    const all: readonly (readonly [set: string, texts: readonly string[]])[] = [
      [SETS.podRanges, pods],
      [SETS.nodeAddresses, nodeAddresses],
      [SETS.nodePortAddresses, nodePorts],
      [SETS.serviceRanges, services],
    ]
    const present = all.filter(([, texts]) => texts.length > 0)
    return new Map(present.map(([set, texts]) => [set, texts.map((text) => tuple(text))]))
  }
  return { ip: sets('ipv4'), ip6: sets('ipv6') }
}
