import type { Address } from '../../model/address.ts'
import type { Tuple } from '../../model/tuple.ts'
import type {
  ChainName,
  IptablesRuleset,
  IptablesTable,
  RuleText,
} from '../../ruleset/iptables/types.ts'
import type { NodeFacts } from '../packet.ts'
import type { Hook, Traveller } from '../traveller.ts'
import type { ParsedRule } from './rule.ts'

/** The tables of one family. */
export type WalkedTables = NonNullable<IptablesRuleset['ip']>

/** What does not change while a packet moves. */
export interface Ground {
  readonly tables: WalkedTables
  readonly facts: NodeFacts
  /** What could not be found out; the answer has to name it. */
  readonly doubts: Set<string>
}

/** The packet, its connection and its way so far. */
export interface State extends Traveller {
  readonly mark: number
  readonly steps: readonly Step[]
}

export interface Place {
  readonly hook: Hook
  readonly table: IptablesTable
  readonly chain: ChainName
}

/** A rule that did something. */
export interface Step extends Place {
  readonly text: RuleText
  readonly rule: ParsedRule
}

/** One of the ways that a packet may go, with its odds from 0 to 1. */
export interface Way {
  readonly odds: number
  readonly state: State
}

/** Returns the entry of a list that stands for this client. */
export function clientOf(source: Address): Tuple {
  return source as string as Tuple
}
