import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'

/** The nft type names of element fields; `slot` is the integer that `numgen` and `jhash` yield. */
export type FieldType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'slot'

export interface SetSchema {
  readonly name: string
  readonly key: readonly FieldType[]
  /** Only maps have it. The data of a `verdict` is `goto CHAIN`. */
  readonly data?: readonly FieldType[] | 'verdict'
  readonly interval?: boolean
  /** True if each element counts the packets for which a rule found it. */
  readonly counter?: boolean
  /**
   * The kernel fills the set (session affinity) with at most `size` elements; it is never flushed
   * and never compared. The kernel cannot change the size of an existing set, so another size is no
   * difference.
   */
  readonly learned?: { readonly size: number }
}

export interface ElementValue {
  readonly data?: Tuple
  readonly comment?: string
}

/**
 * A packet field in a lookup key. `random` is `numgen random mod N`; `client-hash` is a hash of the
 * source address, also below N.
 */
export type Field =
  | { readonly kind: 'saddr' | 'daddr' | 'l4proto' | 'dport' | 'original-daddr' | 'original-dport' }
  | { readonly kind: 'random' | 'client-hash'; readonly modulus: number }

/** Is constant, so that a client keeps its endpoint when rules are made anew; in nft's own text. */
export const CLIENT_HASH_SEED = '0x1'

export type Statement =
  | {
      readonly kind: 'in-set'
      readonly key: readonly Field[]
      readonly set: string
      readonly negated?: boolean
    }
  | { readonly kind: 'new-connection' }
  | { readonly kind: 'was-dnat' }
  | { readonly kind: 'to-this-node' }
  | { readonly kind: 'from-this-node' }
  | {
      readonly kind: 'interface'
      readonly name: string
      readonly prefix: boolean
      readonly negated?: boolean
    }
  /** `meta l4proto { tcp, udp, sctp }`, which nft requires before a statement that names ports. */
  | { readonly kind: 'has-ports' }
  | { readonly kind: 'is-tcp' }
  /** IPv4 only: `ip daddr != 127.0.0.0/8`; IPv6: `ip6 daddr != ::1`. */
  | { readonly kind: 'not-loopback' }
  | { readonly kind: 'set-mark'; readonly bit: number }
  | { readonly kind: 'has-mark'; readonly bit: number }
  | { readonly kind: 'clear-mark'; readonly bit: number }
  | { readonly kind: 'dnat'; readonly key: readonly Field[]; readonly map: string }
  /** Goes to the chain in the element, if there is one. */
  | { readonly kind: 'verdict-map'; readonly key: readonly Field[]; readonly map: string }
  /** Adds the key to a learned set, or starts its time anew; does not match if the set is full. */
  | {
      readonly kind: 'remember'
      readonly set: string
      readonly key: readonly Field[]
      readonly seconds: number
    }
  | { readonly kind: 'forget'; readonly set: string; readonly key: readonly Field[] }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'reject'; readonly with: 'tcp-reset' | 'port-unreachable' }
  | { readonly kind: 'drop' }
  /** Ends the chains of this hook and priority; others may still drop the packet. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }

export interface Rule {
  readonly statements: readonly Statement[]
  readonly comment?: string
}

export interface BaseHook {
  readonly type: 'filter' | 'nat'
  readonly hook: 'prerouting' | 'output' | 'postrouting'
  readonly priority: number
}

export interface Chain {
  readonly name: string
  readonly base?: BaseHook
  readonly rules: readonly Rule[]
}

/** A table as nodelb wants it. */
export interface Table {
  readonly family: TableFamily
  readonly sets: ReadonlyMap<string, SetSchema>
  /** By set name, then by key. Learned sets have no entry. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
  readonly chains: ReadonlyMap<string, Chain>
}

/** A missing family has no table, or is to have none. */
export type Ruleset = Partial<Readonly<Record<TableFamily, Table>>>

/**
 * A rule in the kernel. `text` is the printed rule if it is nodelb's, else a note on what it is.
 */
export interface KernelRule {
  readonly handle: bigint
  readonly text: string
}

export interface KernelChain {
  readonly name: string
  readonly base?: BaseHook
  readonly rules: readonly KernelRule[]
}

/** NFT_TABLE_F_* of <linux/netfilter/nf_tables.h>. */
export const TABLE_FLAG = { dormant: 0x1, owner: 0x2, persist: 0x4 } as const

export interface KernelTable {
  readonly family: TableFamily
  /** TABLE_FLAG bits. */
  readonly flags?: number
  /** Netlink port of the only socket that may change the table while that socket is open. */
  readonly owner?: number
  /** True if the table has counters, quotas, flow tables and the like, which nodelb never makes. */
  readonly otherObjects?: boolean
  readonly sets: ReadonlyMap<string, SetSchema>
  /**
   * By set name, then by key. Learned sets have no entry: what the kernel puts there is not
   * compared.
   */
  readonly elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
  readonly chains: ReadonlyMap<string, KernelChain>
}

export type KernelRuleset = Partial<Readonly<Record<TableFamily, KernelTable>>>

export const TABLE_NAME = 'nodelb'

/** A changed element: its value before and after. */
export interface ElementStep {
  readonly family: TableFamily
  readonly set: string
  readonly key: Tuple
  readonly before: ElementValue | undefined
  readonly after: ElementValue | undefined
}
