import type { Denial } from '../frontend/denials.ts'
import type { BackendKind } from '../model/backend.ts'
import type { NodeView, Settings } from '../model/node.ts'
import { present } from '../model/present.ts'
import type { Cluster } from '../model/service.ts'
import type { IptablesRuleset } from '../ruleset/iptables/types.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import type { Ruleset } from '../ruleset/nftables/types.ts'
import { renderChains } from './iptables/render.ts'
import { renderCluster } from './render.ts'

/** All that a node is to hold, in the values of each backend. */
interface Values {
  readonly nftables: { readonly ruleset: Ruleset }
  readonly iptables: { readonly ruleset: IptablesRuleset }
  readonly ipvs: { readonly rules: IpvsRules }
}

type RenderingOf<Kind extends BackendKind> = { readonly kind: Kind } & Values[Kind]

/** All that a node is to hold, in the values of its backend. */
export type Rendering = { readonly [Kind in BackendKind]: RenderingOf<Kind> }[BackendKind]

/** A rendering, with the claims that Services do not get. */
interface Rendered<Kind extends BackendKind = BackendKind> {
  readonly rendering: { readonly [Each in Kind]: RenderingOf<Each> }[Kind]
  readonly denials: readonly Denial[]
}

type Render<Kind extends BackendKind> = (
  cluster: Cluster,
  node: NodeView,
  settings: Settings,
) => Rendered<Kind>

const RENDERS: { readonly [Kind in BackendKind]: Render<Kind> } = {
  nftables(cluster, node, settings) {
    const renderer = renderCluster(cluster, node, settings)
    const ruleset = renderer.ruleset()
    return { rendering: { kind: 'nftables', ruleset }, denials: renderer.denials() }
  },
  iptables(cluster, node, settings) {
    const { services, lowering } = renderChains(cluster, node, settings)
    const ruleset = lowering.rules()
    return { rendering: { kind: 'iptables', ruleset }, denials: services.denials() }
  },
  ipvs(cluster, node, settings) {
    const renderer = renderCluster(cluster, node, settings)
    const rules = present(renderer.ipvs())
    return { rendering: { kind: 'ipvs', rules }, denials: renderer.denials() }
  },
}

/** Renders a whole cluster for one node with the backend of the settings. */
export function renderFor(cluster: Cluster, node: NodeView, settings: Settings): Rendered {
  return RENDERS[settings.backend.kind](cluster, node, settings)
}
