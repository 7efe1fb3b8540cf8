import { FLAVOURS, findPrograms } from '../../apply/iptables/programs.ts'
import { readIptables } from '../../apply/iptables/read.ts'
import { listsWith } from '../../apply/iptables/recent-lists.ts'
import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import { listsOn } from '../../trace/iptables/lists.ts'
import { read } from '../../trace/iptables/outcome.ts'
import { clientOf, type Step } from '../../trace/iptables/state.ts'
import { trace } from '../../trace/iptables/trace.ts'
import type { Clients, NodeFacts, Packet } from '../../trace/packet.ts'
import type { ExplainedChainRule, Explanation } from './explanation.ts'

/** Returns what iptables' rules do with the packet, in the notation of iptables. */
export function explainIptables(
  ruleset: IptablesRuleset,
  packet: Packet,
  facts: NodeFacts,
  clients?: Clients,
): Explanation {
  const traced = trace(ruleset, packet, facts, clients)
  const ways = traced.paths.map((path) => ({
    ...read(traced, path, ruleset),
    odds: path.odds,
    steps: path.state.steps.map(explainedStep),
  }))
  return { packet, ways, doubts: traced.doubts }
}

function explainedStep({ hook, table, chain, text }: Step): ExplainedChainRule {
  return { kind: 'iptables', hook, table, chain, rule: text }
}

/**
 * Returns what nodelb's chains in this kernel do with the packet; undefined if there are none, or
 * no program to list them.
 */
export async function explainAppliedIptables(
  packet: Packet,
  facts: NodeFacts,
): Promise<Explanation | undefined> {
  const found: Explanation[] = []
  const doubts: string[] = []
  for (const flavour of FLAVOURS) {
    const state = await readIptables(await findPrograms(flavour))
    if (state.kind === 'unreadable') {
      doubts.push(`what the rules of iptables-${flavour} do: ${state.obstacle.reason}`)
    } else if (holdsChains(state.ruleset)) {
      found.push(explainAsRemembered(state.ruleset, packet, facts))
      if (found.length > 1) doubts.push(`what nodelb's chains of iptables-${flavour} do as well`)
    }
  }
  const [first] = found
  return first && { ...first, doubts: [...first.doubts, ...doubts] }
}

function holdsChains({ ip, ip6 }: IptablesRuleset): boolean {
  return (ip?.size ?? 0) + (ip6?.size ?? 0) > 0
}

/** Explains the packet with what the kernel remembers about its client on the way that it takes. */
function explainAsRemembered(
  ruleset: IptablesRuleset,
  packet: Packet,
  facts: NodeFacts,
): Explanation {
  const lists = listsWith(packet.from, listsOn(trace(ruleset, packet, facts), ruleset))
  const client = new Set([clientOf(packet.from)])
  return explainIptables(ruleset, packet, facts, new Map([...lists].map((list) => [list, client])))
}
