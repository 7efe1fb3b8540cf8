import { familyOf } from '../model/address.ts'
import { ipvsOf } from '../model/backend.ts'
import type { Settings } from '../model/node.ts'
import { unreachable } from '../model/unreachable.ts'
import { ipvsSysctls, type NodeFound, type NodeSysctl } from '../plan/sysctls/ipvs.ts'
import type { Rendering } from '../render/rendering.ts'
import { printIptables } from '../ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../ruleset/iptables/types.ts'
import { printIpvs } from '../ruleset/ipvs/print.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import { iptablesAsJson, ipvsAsJson, rulesetAsJson } from '../ruleset/json.ts'
import { printRuleset } from '../ruleset/nftables/print.ts'
import type { Ruleset } from '../ruleset/nftables/types.ts'

/** A rendering in one of its languages: that of the programs, or JSON. */
interface Language<Text> {
  readonly nftables: (ruleset: Ruleset) => Text
  readonly iptables: (ruleset: IptablesRuleset) => Text
  readonly ipvs: (rules: IpvsRules, sysctls: readonly NodeSysctl[]) => Text
}

/**
 * Returns all that `apply` would program on the node, in the languages of nft, iptables, ipvsadm,
 * ip and sysctl.
 */
export function printRendering(rendering: Rendering, settings: Settings): string {
  const language = { nftables: printRuleset, iptables: printIptables, ipvs: printIpvs }
  return written(rendering, settings, language)
}

/** Returns the rendering as JSON, with the configuration of FRR if there is one, as lines. */
export function renderingAsJson(
  rendering: Rendering,
  settings: Settings,
  more: object = {},
): string {
  const language = { nftables: rulesetAsJson, iptables: iptablesAsJson, ipvs: ipvsAsJson }
  const rules = written<unknown>(rendering, settings, language)
  return `${JSON.stringify({ ...(rules as object), ...more }, null, 2)}\n`
}

function written<Text>(
  rendering: Rendering,
  settings: Settings,
  { nftables, iptables, ipvs }: Language<Text>,
): Text {
  switch (rendering.kind) {
    case 'nftables':
      return nftables(rendering.ruleset)
    case 'iptables':
      return iptables(rendering.ruleset)
    case 'ipvs':
      return ipvs(rendering.rules, sysctls(rendering.rules, settings))
    default:
      return unreachable(rendering)
  }
}

function sysctls({ servers }: IpvsRules, settings: Settings): readonly NodeSysctl[] {
  const families = new Set([...servers.values()].map(({ address }) => familyOf(address)))
  const { strictArp } = ipvsOf(settings)
  return ipvsSysctls({ families: [...families].sort(), strictArp }, ORDINARY)
}

/**
 * Files do not describe a node's kernel and interfaces, so one without special needs is assumed.
 */
const ORDINARY: NodeFound = { release: '', arpIgnore: new Map(), acceptRa: new Map() }
