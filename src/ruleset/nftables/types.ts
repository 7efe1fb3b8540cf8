import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'

/** Element fields by their nft type name; `slot` is the integer that `numgen` and `jhash` yield. */
export type FieldType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'slot'

export interface SetSchema {
  readonly name: string
  readonly key: readonly FieldType[]
  /** Present in maps. The data of a `verdict` is `goto CHAIN`. */
  readonly data?: readonly FieldType[] | 'verdict'
  readonly interval?: boolean
  /**
   * Filled by the kernel (session affinity), at most this many; never flushed, never compared. The
   * kernel cannot change the size of a set that is there, so another size is no difference.
   */
  readonly learned?: { readonly size: number }
}

export interface ElementValue {
  readonly data?: Tuple
  readonly comment?: string
}

/**
 * A packet field that may stand in a lookup key. `random` is `numgen random mod N`; `client-hash` is
 * a hash of the source address, below N as well.
 */
export type Field =
  | { readonly kind: 'saddr' | 'daddr' | 'l4proto' | 'dport' | 'original-daddr' | 'original-dport' }
  | { readonly kind: 'random' | 'client-hash'; readonly modulus: number }

/** Always the same: a client stays where it is when rules are made anew, as nft prints it. */
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
  /** `meta l4proto { tcp, udp, sctp }`: nft wants it before a statement that names ports. */
  | { readonly kind: 'has-ports' }
  | { readonly kind: 'is-tcp' }
  /** IPv4 only: `ip daddr != 127.0.0.0/8`; IPv6: `ip6 daddr != ::1`. */
  | { readonly kind: 'not-loopback' }
  | { readonly kind: 'set-mark'; readonly bit: number }
  | { readonly kind: 'has-mark'; readonly bit: number }
  | { readonly kind: 'clear-mark'; readonly bit: number }
  | { readonly kind: 'dnat'; readonly key: readonly Field[]; readonly map: string }
  /** Goes where the element says, if there is one. */
  | { readonly kind: 'verdict-map'; readonly key: readonly Field[]; readonly map: string }
  /** Adds the key to a learned set, or starts its time again; does not match if the set is full. */
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
  /** Of the chains of this hook and priority: others still have their say. */
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

/** What a table shall be. */
export interface Table {
  readonly family: TableFamily
  readonly sets: ReadonlyMap<string, SetSchema>
  /** By set name, then by key. Learned sets have no entry. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
  readonly chains: ReadonlyMap<string, Chain>
}

/** A missing family is a table that shall not (or does not) exist. */
export type Ruleset = Partial<Readonly<Record<TableFamily, Table>>>

/** A rule as found in the kernel. `text` is the printed rule when it is one of ours, else a note on what it is. */
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
  /** Netlink port of the only socket that may change the table, while that is open. */
  readonly owner?: number
  /** Counters, quotas, flow tables and the like are in it: nodelb never makes such. */
  readonly otherObjects?: boolean
  readonly sets: ReadonlyMap<string, SetSchema>
  /** Of learned sets nothing is known: what the kernel put there is its own business. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>
  readonly chains: ReadonlyMap<string, KernelChain>
}

export type KernelRuleset = Partial<Readonly<Record<TableFamily, KernelTable>>>

export const TABLE_NAME = 'nodelb'
