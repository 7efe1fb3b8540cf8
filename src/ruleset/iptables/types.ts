import type { TableFamily } from '../../model/family.ts'

/** The built-in tables that nodelb puts chains into, in the order that a packet meets them. */
export const IPTABLES_TABLES = ['mangle', 'nat', 'filter'] as const
export type IptablesTable = (typeof IPTABLES_TABLES)[number]

/** `NODELB-…`, at most 28 characters: no flavour takes more. */
export type ChainName = string

/** `PREROUTING`, for example. */
export type BuiltinChain = string

/** A rule as `iptables-save` writes it, without `-A` and its chain; rule.ts has the grammar. */
export type RuleText = string

/** nodelb's part of a table: its own chains, and its own rules in built-in chains. */
export interface IptablesChains {
  readonly chains: ReadonlyMap<ChainName, readonly RuleText[]>
  /** They come first in their built-in chain, unless they may stand behind (`mayStandBehind`). */
  readonly jumps: ReadonlyMap<BuiltinChain, readonly RuleText[]>
}

/** What nodelb has or wants in the tables of both families; a table without chains is left out. */
export type IptablesRuleset = {
  readonly [family in TableFamily]?: ReadonlyMap<IptablesTable, IptablesChains>
}

/** A built-in chain in which nodelb's rules are not the first. */
export interface DisplacedJumps {
  readonly family: TableFamily
  readonly table: IptablesTable
  readonly chain: BuiltinChain
}

/** The rules of a chain before and after; undefined if there is no such chain. */
export interface ChainChange {
  readonly before: readonly RuleText[] | undefined
  readonly after: readonly RuleText[] | undefined
}

/** What changes in one table; chains and jumps that stay the same are left out. */
export interface TableChange {
  readonly family: TableFamily
  readonly table: IptablesTable
  readonly chains: ReadonlyMap<ChainName, ChainChange>
  readonly jumps: ReadonlyMap<BuiltinChain, ChainChange>
}
