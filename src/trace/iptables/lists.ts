import { tableOfAddress } from '../../model/family.ts'
import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import { parseRules } from './parse.ts'
import type { Trace } from './trace.ts'

/** Returns the lists in which these ways look for the client, with the seconds it is kept there. */
export function listsOn(
  { packet, paths }: Trace,
  ruleset: IptablesRuleset,
): ReadonlyMap<string, number> {
  const tables = ruleset[tableOfAddress(packet.to)]
  const steps = paths.flatMap(({ state }) => state.steps)
  const chains = steps.map(({ table, chain }) => tables?.get(table)?.chains.get(chain))
  const found = new Map<string, number>()
  for (const rules of new Set(chains)) {
    for (const match of parseRules(rules ?? []).flatMap(({ matches }) => matches)) {
      if (match.kind === 'recent' && match.does === 'update') found.set(match.list, match.seconds)
    }
  }
  return found
}
