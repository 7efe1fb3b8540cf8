import { familyOf } from '../model/address.ts'
import type { Settings } from '../model/node.ts'
import { ipvsSysctls, type NodeFound, type NodeSysctl } from '../plan/sysctls/ipvs.ts'
import { lower } from '../render/iptables/lowering.ts'
import type { WholeRenderer } from '../render/renderer.ts'
import { printIptables } from '../ruleset/iptables/print.ts'
import { printIpvs } from '../ruleset/ipvs/print.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import { iptablesAsJson, ipvsAsJson, rulesetAsJson } from '../ruleset/json.ts'
import { printRuleset } from '../ruleset/nftables/print.ts'

/** All that `apply` would bring to the node, in the languages of the programs that could. */
export function printRendering(renderer: WholeRenderer, settings: Settings): string {
  if (settings.iptables) return printIptables(lower(renderer.ruleset(), settings))
  const { ipvs } = settings
  const rules = renderer.ipvs()
  if (ipvs === undefined || rules === undefined) return printRuleset(renderer.ruleset())
  return printIpvs(rules, sysctls(rules, ipvs))
}

export function renderingAsJson(renderer: WholeRenderer, settings: Settings): string {
  return `${JSON.stringify(asJson(renderer, settings), null, 2)}\n`
}

function asJson(renderer: WholeRenderer, settings: Settings): unknown {
  if (settings.iptables) return iptablesAsJson(lower(renderer.ruleset(), settings))
  const { ipvs } = settings
  const rules = renderer.ipvs()
  return ipvs === undefined || rules === undefined
    ? rulesetAsJson(renderer.ruleset())
    : ipvsAsJson(rules, sysctls(rules, ipvs))
}

function sysctls(
  { servers }: IpvsRules,
  { strictArp }: NonNullable<Settings['ipvs']>,
): readonly NodeSysctl[] {
  const families = new Set([...servers.values()].map(({ address }) => familyOf(address)))
  return ipvsSysctls({ families: [...families].sort(), strictArp }, ORDINARY)
}

/** Files say nothing of the kernel and the interfaces of a node: one that needs nothing special. */
const ORDINARY: NodeFound = { release: '', arpIgnore: new Map(), acceptRa: new Map() }
