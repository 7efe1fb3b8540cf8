import type { IptablesChains, IptablesRuleset } from './iptables/types.ts'
import type { PrintedSysctl } from './ipvs/print.ts'
import type { IpvsRules } from './ipvs/types.ts'
import { printElement, printHook, printRule, setHeader } from './nftables/print.ts'
import { type Ruleset, TABLE_NAME } from './nftables/types.ts'

/** Returns the rule set as plain data: the same texts as `printRuleset`, one for each entry. */
export function rulesetAsJson(ruleset: Ruleset): unknown {
  const tables = [ruleset.ip, ruleset.ip6].filter((table) => table !== undefined)
  return {
    tables: tables.map((table) => ({
      family: table.family,
      name: TABLE_NAME,
      sets: [...table.sets.values()].map((schema) => ({
        name: schema.name,
        definition: setHeader(table.family, schema),
        elements: [...(table.elements.get(schema.name) ?? [])].map(([key, value]) =>
          printElement(key, value),
        ),
      })),
      chains: [...table.chains.values()].map(({ name, base, rules }) => ({
        name,
        ...(base && { hook: printHook(base) }),
        rules: rules.map((rule) => printRule(table.family, rule)),
      })),
    })),
  }
}

/** Returns the same for ipvs: its servers and settings beside the rule set of its table. */
export function ipvsAsJson(rules: IpvsRules, sysctls: readonly PrintedSysctl[]): unknown {
  return {
    sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name, value])),
    ...(rulesetAsJson(rules.filter) as object),
    ...(rules.timeouts && { timeouts: rules.timeouts }),
    servers: [...rules.servers.values()].map(({ destinations, ...server }) => ({
      ...server,
      destinations: [...destinations.values()],
    })),
    dummy: { name: rules.dummy, addresses: [...rules.addresses] },
  }
}

/** Returns the rules in the text of iptables-save, by family, table and chain. */
export function iptablesAsJson(ruleset: IptablesRuleset): unknown {
  const tables = ({ chains, jumps }: IptablesChains) => ({
    jumps: Object.fromEntries(jumps),
    chains: Object.fromEntries(chains),
  })
  return Object.fromEntries(
    (['ip', 'ip6'] as const).map((family) => [
      family,
      Object.fromEntries(
        [...(ruleset[family] ?? [])].map(([name, table]) => [name, tables(table)]),
      ),
    ]),
  )
}
