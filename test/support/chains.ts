import type { NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster } from '../../src/model/service.ts'
import { renderChains } from '../../src/render/iptables/render.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'

/** The chains that serve a whole cluster on one node. */
export function chainsFor(cluster: Cluster, node: NodeView, settings: Settings): IptablesRuleset {
  return renderChains(cluster, node, settings).lowering.rules()
}

/** What is said of the Service, in any chain. */
export function rulesAbout(ruleset: IptablesRuleset, service: string): readonly string[] {
  return (['ip', 'ip6'] as const)
    .flatMap((family) => [...(ruleset[family] ?? [])])
    .flatMap(([table, { chains }]) => [...chains.values()].flat().map((rule) => `${table} ${rule}`))
    .filter((rule) => rule.includes(`"${service}:`) || rule.includes(`"${service}"`))
    .sort()
}
