import type { NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster } from '../../src/model/service.ts'
import { renderChains } from '../../src/render/iptables/render.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'

/** The chains that serve a whole cluster on one node. */
export function chainsFor(cluster: Cluster, node: NodeView, settings: Settings): IptablesRuleset {
  return renderChains(cluster, node, settings).lowering.rules()
}
