import type { Denial } from '../frontend/denials.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import type { IptablesRuleset } from '../ruleset/iptables/types.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import type { Ruleset } from '../ruleset/nftables/types.ts'
import { renderChains } from './iptables/render.ts'
import { renderCluster } from './render.ts'

/** All that a node is to hold, in the values of its backend. */
export type Rendering =
  | { readonly kind: 'nftables'; readonly ruleset: Ruleset }
  | { readonly kind: 'iptables'; readonly ruleset: IptablesRuleset }
  | { readonly kind: 'ipvs'; readonly rules: IpvsRules }

/** A rendering, with the claims that Services do not get. */
interface Rendered {
  readonly rendering: Rendering
  readonly denials: readonly Denial[]
}

/** Renders a whole cluster for one node with the backend of the settings. */
export function renderFor(cluster: Cluster, node: NodeView, settings: Settings): Rendered {
  if (settings.backend.kind === 'iptables') {
    const { services, lowering } = renderChains(cluster, node, settings)
    const rendering = { kind: 'iptables', ruleset: lowering.rules() } as const
    return { rendering, denials: services.denials() }
  }
  const renderer = renderCluster(cluster, node, settings)
  const rules = renderer.ipvs()
  const rendering: Rendering =
    rules === undefined
      ? { kind: 'nftables', ruleset: renderer.ruleset() }
      : { kind: 'ipvs', rules }
  return { rendering, denials: renderer.denials() }
}
