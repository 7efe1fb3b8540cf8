import type {
  IptablesChains,
  IptablesRuleset,
  IptablesTable,
} from '../../src/ruleset/iptables/types.ts'

/** What a listing of iptables-save says of chains of nodelb and of jumps to them. */
export function savedRules(listing: string): NonNullable<IptablesRuleset['ip']> {
  const tables = new Map<IptablesTable, IptablesChains>()
  let chains = new Map<string, string[]>()
  let jumps = new Map<string, string[]>()
  for (const line of listing.split('\n')) {
    const table = /^\*(\S+)/.exec(line)?.[1]
    if (table !== undefined) {
      chains = new Map()
      jumps = new Map()
      tables.set(table as IptablesTable, { chains, jumps })
    }
    const chain = /^:(NODELB-\S+)/.exec(line)?.[1]
    if (chain !== undefined) chains.set(chain, [])
    const [, name = '', rule = ''] = /^-A (\S+) (.*)/.exec(line) ?? []
    if (name.startsWith('NODELB-')) chains.get(name)?.push(rule)
    else if (rule.includes('NODELB-')) jumps.set(name, [...(jumps.get(name) ?? []), rule])
  }
  return new Map([...tables].filter(([, { chains: own }]) => own.size > 0))
}
