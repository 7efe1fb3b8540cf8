import type { IpFamily } from '../../model/address.ts'
import { CHAINS } from '../../ruleset/iptables/chains.ts'
import type { IptablesTable } from '../../ruleset/iptables/types.ts'
import { ChainTree } from './chain-tree.ts'
import { addressSpace, type KeySpace, portSpace, vipSpace } from './key-space.ts'

/** The trees of a family by what they are about, in the order that a packet meets them. */
export const TREE_NAMES = [
  'sources',
  'vips',
  'nodePorts',
  'hairpin',
  'unservedVips',
  'unservedNodePorts',
  'clusterIps',
  'localPods',
  'healthChecks',
] as const
export type TreeName = (typeof TREE_NAMES)[number]

export type Trees = Readonly<Record<TreeName, ChainTree>>

/** Returns the trees of chains of one family, without leaves. */
export function makeTrees(family: IpFamily): Trees {
  const vips = vipSpace(family)
  const tree = (
    name: TreeName,
    letter: string,
    down: 'jump' | 'goto',
    space: KeySpace = vips,
  ): ChainTree => {
    return new ChainTree({ space, root: CHAINS[name], beginning: `NODELB-${letter}-`, down })
  }
  // A tree uses jump where a plan leaves old rules behind the new ones for a while, so that a
  // packet still reaches them.
  return {
    sources: tree('sources', 'R', 'jump'),
    vips: tree('vips', 'V', 'goto'),
    nodePorts: tree('nodePorts', 'P', 'goto', portSpace),
    hairpin: tree('hairpin', 'H', 'goto', addressSpace(family, '-s')),
    unservedVips: tree('unservedVips', 'U', 'jump'),
    unservedNodePorts: tree('unservedNodePorts', 'Q', 'jump', portSpace),
    clusterIps: tree('clusterIps', 'C', 'jump', addressSpace(family, '-d')),
    localPods: tree('localPods', 'L', 'jump', addressSpace(family, '-d')),
    healthChecks: tree('healthChecks', 'T', 'jump', portSpace),
  }
}

export const TABLE_OF: Readonly<Record<TreeName, IptablesTable>> = {
  sources: 'mangle',
  vips: 'nat',
  nodePorts: 'nat',
  hairpin: 'nat',
  unservedVips: 'filter',
  unservedNodePorts: 'filter',
  clusterIps: 'filter',
  localPods: 'filter',
  healthChecks: 'filter',
}
