import type { TableFamily } from '../../model/family.ts'
import {
  type BuiltinChain,
  type ChainName,
  IPTABLES_TABLES,
  type IptablesChains,
  type IptablesRuleset,
  type IptablesTable,
  type RuleText,
} from './types.ts'

/** A rule of a built-in chain. */
export interface Jump {
  readonly chain: BuiltinChain
  readonly rule: RuleText
}

/** One transaction of one table: what is between `*nat` and `COMMIT`. */
export interface RestoreStep {
  readonly family: TableFamily
  readonly table: IptablesTable
  /** These chains are made if they are missing, and filled anew. */
  readonly chains: ReadonlyMap<ChainName, readonly RuleText[]>
  /** These chains are deleted; no rule leads to them any more after the rest of the step. */
  readonly gone: readonly ChainName[]
  /** Inserted rules come first in their chain, in this order. */
  readonly jumps: { readonly insert: readonly Jump[]; readonly delete: readonly Jump[] }
}

/** Prints a step for `iptables-restore --noflush` line by line; there may be a million lines. */
export function* printStep({ table, chains, gone, jumps }: RestoreStep): Generator<string> {
  yield `*${table}\n`
  for (const name of [...chains.keys(), ...gone]) yield `:${name} - [0:0]\n` // empties it, too
  for (const { chain, rule } of jumps.delete) yield `-D ${chain} ${rule}\n`
  for (const { chain, rule } of [...jumps.insert].reverse()) yield `-I ${chain} ${rule}\n`
  for (const [name, rules] of chains) for (const rule of rules) yield `-A ${name} ${rule}\n`
  for (const name of gone) yield `-X ${name}\n`
  yield 'COMMIT\n'
}

interface RestoreSection {
  readonly family: TableFamily
  /** The program that takes the text. */
  readonly command: string
  readonly text: string
}

/** Returns all as input of the restore programs, for tables that have nothing of nodelb yet. */
export function iptablesSections(ruleset: IptablesRuleset): readonly RestoreSection[] {
  return (['ip', 'ip6'] as const).flatMap((family) => {
    const tables = ruleset[family]
    if (tables === undefined) return []
    const steps = IPTABLES_TABLES.flatMap((table) => wholeTable(family, table, tables.get(table)))
    const text = steps.flatMap((step) => [...printStep(step)]).join('')
    return [{ family, command: `${RESTORE[family]} --noflush`, text }]
  })
}

/** Prints both families in one text, each under the program that takes it. */
export function printIptables(ruleset: IptablesRuleset): string {
  return iptablesSections(ruleset)
    .map(({ command, text }) => `# ${command}\n${text}`)
    .join('\n')
}

const RESTORE: Readonly<Record<TableFamily, string>> = {
  ip: 'iptables-restore',
  ip6: 'ip6tables-restore',
}

function wholeTable(
  family: TableFamily,
  table: IptablesTable,
  held: IptablesChains | undefined,
): readonly RestoreStep[] {
  if (held === undefined) return []
  const insert = [...held.jumps].flatMap(([chain, rules]) => rules.map((rule) => ({ chain, rule })))
  return [{ family, table, chains: held.chains, gone: [], jumps: { insert, delete: [] } }]
}
