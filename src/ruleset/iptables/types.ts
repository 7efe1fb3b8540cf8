import type { TableFamily } from '../../model/family.ts'

/** Built-in tables that nodelb puts chains into, in the order that a packet meets them. */
export const IPTABLES_TABLES = ['mangle', 'nat', 'filter'] as const
export type IptablesTable = (typeof IPTABLES_TABLES)[number]

/** `NODELB-…`; at most 28 characters, the most that every flavour takes. */
export type ChainName = string

/** `PREROUTING` and its like. */
export type BuiltinChain = string

/** A rule as `iptables-save` writes it, without `-A` and its chain; iptables-rule.ts has the grammar. */
export type RuleText = string

/** nodelb's part of a table: its own chains, and the rules of its own in built-in chains. */
export interface IptablesChains {
  readonly chains: ReadonlyMap<ChainName, readonly RuleText[]>
  /** They stand first in their built-in chain, but those that may stand behind (`mayStandBehind`). */
  readonly jumps: ReadonlyMap<BuiltinChain, readonly RuleText[]>
}

/** What nodelb has, or wants, in the tables of both families. A table without chains is not there. */
export type IptablesRuleset = {
  readonly [family in TableFamily]?: ReadonlyMap<IptablesTable, IptablesChains>
}

/** A built-in chain in which rules of ours do not stand first. */
export interface DisplacedJumps {
  readonly family: TableFamily
  readonly table: IptablesTable
  readonly chain: BuiltinChain
}

/** The rules of a chain before and after; undefined where there is no such chain. */
export interface ChainChange {
  readonly before: readonly RuleText[] | undefined
  readonly after: readonly RuleText[] | undefined
}

/** What changes in one table; chains and jumps that stay are not named. */
export interface TableChange {
  readonly family: TableFamily
  readonly table: IptablesTable
  readonly chains: ReadonlyMap<ChainName, ChainChange>
  readonly jumps: ReadonlyMap<BuiltinChain, ChainChange>
}
