import type { Address, Port } from '../../model/address.ts'
import type { Tuple } from '../../model/tuple.ts'
import type {
  ChainName,
  IptablesRuleset,
  IptablesTable,
  RuleText,
} from '../../ruleset/iptables/types.ts'
import type { Hook } from '../nftables/state.ts'
import type { Clients, NodeFacts, Packet } from '../packet.ts'
import type { ParsedRule } from './rule.ts'

/** One family's tables. */
export type WalkedTables = NonNullable<IptablesRuleset['ip']>

/** What stands still while a packet moves. */
export interface Ground {
  readonly tables: WalkedTables
  readonly facts: NodeFacts
  /** What could not be known; whoever reads the answer has to. */
  readonly doubts: Set<string>
}

/** The packet, its connection and its way so far. */
export interface State {
  /** As it arrived: conntrack remembers. */
  readonly original: Packet
  readonly source: Address
  readonly destination: Address
  readonly port: Port | undefined
  /** The interface it came in by: '' for what the node sends, undefined where nobody knows. */
  readonly input: string | undefined
  readonly mark: number
  /** Where `DNAT` led, if anywhere. */
  readonly translated: boolean
  /** `MASQUERADE`; the address is undefined where no route says which. */
  readonly masqueraded: { readonly as: Address | undefined } | undefined
  /** By list of xt_recent, the sources on it. */
  readonly clients: Clients
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

/** One of the ways a packet may go, with its odds from 0 to 1. */
export interface Way {
  readonly odds: number
  readonly state: State
}

/** The list that holds this client. */
export function clientOf(source: Address): Tuple {
  return source as string as Tuple
}
