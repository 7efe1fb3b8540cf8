import type { Address } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { RealServer, ServerKey, VirtualServer } from '../../ruleset/ipvs/types.ts'
import type { BaseHook, ElementValue, Rule, SetSchema } from '../../ruleset/nftables/types.ts'
import type { NodeFacts } from '../packet.ts'
import type { Hook, Traveller } from '../traveller.ts'

/** A rule in the kernel that is not nodelb's, so its effect is unknown. */
export interface StrangeRule {
  readonly strange: string
}

/** A table that can be walked: as it is rendered, or as the kernel holds it. */
export interface WalkedTable {
  readonly family: TableFamily
  readonly sets: ReadonlyMap<string, SetSchema>
  readonly elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
  readonly chains: ReadonlyMap<string, WalkedChain>
}

export interface WalkedChain {
  readonly name: string
  readonly base?: BaseHook
  readonly rules: readonly (Rule | StrangeRule)[]
}

export type WalkedRuleset = Partial<Readonly<Record<TableFamily, WalkedTable>>> & {
  /** Only present with the ipvs backend. */
  readonly ipvs?: WalkedIpvs
}

/** The virtual servers, and the node's own addresses for ipvs; rendered, or as found. */
export interface WalkedIpvs {
  readonly servers: ReadonlyMap<ServerKey, VirtualServer>
  readonly addresses: ReadonlySet<Address>
}

/** What does not change while a packet moves. */
export interface Ground {
  readonly table: WalkedTable
  readonly ipvs: WalkedIpvs | undefined
  readonly facts: NodeFacts
  /** What could not be found out; the answer has to name it. */
  readonly doubts: Set<string>
}

/** The packet, its connection and its way so far. */
export interface State extends Traveller {
  readonly marks: ReadonlySet<number>
  /** True if ipvs has given it a destination, so that ipvs is not asked again. */
  readonly balanced: boolean
  readonly steps: readonly Step[]
}

/** A set or map element that a rule found. */
export interface FoundElement {
  readonly set: string
  readonly key: Tuple
  readonly value: ElementValue
}

/** What a rule or ipvs did to the packet, or to what the kernel remembers. */
export type Effect =
  | { readonly kind: 'mark' | 'unmark'; readonly bit: number }
  /** By a rule, or by ipvs. */
  | { readonly kind: 'dnat'; readonly to: Tuple }
  | { readonly kind: 'masquerade'; readonly as: Address | undefined }
  | { readonly kind: 'remember' | 'forget'; readonly set: string; readonly client: Tuple }

export type Verdict =
  | { readonly kind: 'accept' | 'drop' }
  | { readonly kind: 'reject'; readonly with: 'tcp-reset' | 'port-unreachable' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }

/** Something that was done to the packet, or decided about it. */
export type Step = RuleStep | IpvsStep

export interface RuleStep {
  readonly kind: 'rule'
  readonly hook: Hook
  readonly chain: string
  readonly rule: Rule
  readonly elements: readonly FoundElement[]
  readonly effects: readonly Effect[]
  readonly verdict: Verdict | undefined
}

/** A virtual server that took the packet. */
export interface IpvsStep {
  readonly kind: 'ipvs'
  readonly hook: Hook
  readonly server: VirtualServer
  /** Undefined if no destination takes new connections. */
  readonly destination: RealServer | undefined
  readonly elements: readonly FoundElement[]
  readonly effects: readonly Effect[]
}
