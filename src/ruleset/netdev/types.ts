import type { Address } from '../../model/address.ts'

/** The table that answers on layer 2 (ADR 0027). It is not the tables of Services, which live apart. */
export const ANNOUNCE_TABLE = 'nodelb-announce'

/** A run of bytes of a packet; the transport header of IPv6 starts behind its 40 bytes. */
export interface Field {
  readonly header: 'link' | 'network' | 'transport'
  readonly offset: number
  readonly length: number
}

/** Which checksum the kernel corrects after a write: that of ICMPv6, directly or by its pseudo-header. */
export type Checksum = 'none' | 'icmpv6' | 'pseudo-header'

/** One step of a rule. Bytes are written in hexadecimal, two digits each. */
export type Statement =
  | { readonly kind: 'protocol'; readonly number: number }
  /** Not addressed to the MAC address of another host; a promiscuous interface hears those, too. */
  | { readonly kind: 'not-for-others' }
  | {
      readonly kind: 'match'
      readonly field: Field
      readonly bytes: string
      readonly negated?: boolean
    }
  | {
      readonly kind: 'in-set'
      readonly field: Field
      readonly set: string
      readonly negated?: boolean
    }
  /** Matches as long as the dead man's switch has not run out. */
  | { readonly kind: 'switched-on' }
  | { readonly kind: 'count' }
  | {
      readonly kind: 'copy'
      readonly from: Field
      readonly to: Field
      readonly checksum: Checksum
    }
  | { readonly kind: 'swap'; readonly one: Field; readonly other: Field }
  | {
      readonly kind: 'write'
      readonly bytes: string
      readonly to: Field
      readonly checksum: Checksum
    }
  /** Notes that the offer with this number was taken. */
  | { readonly kind: 'note-taken'; readonly offer: number }
  /** Matches from then on. */
  | { readonly kind: 'taken'; readonly offer: number }
  | { readonly kind: 'drop' }
  /** Sends the packet out of the interface with this index; no later rule sees it. */
  | { readonly kind: 'forward'; readonly index: number }

export type Rule = readonly Statement[]

/** A chain at the ingress hook of one interface, before the kernel's own ARP and IPv6. */
export interface Chain {
  readonly device: string
  readonly rules: readonly Rule[]
}

/**
 * What a set holds: addresses, each with a counter; the key of the switch, with a timeout; or the keys of
 * offers that were taken, which rules put there.
 */
export type SetKind = AddressKind | 'switch' | 'taken'
export type AddressKind = 'ipv4' | 'ipv6'

/** The table as nodelb wants it. Keys of the switch and of offers are no part of it, because they come and go. */
export interface Table {
  readonly sets: ReadonlyMap<string, SetKind>
  /** By the name of the set; only sets of addresses have an entry. */
  readonly elements: ReadonlyMap<string, ReadonlySet<Address>>
  readonly chains: ReadonlyMap<string, Chain>
}

/** How often an address was asked for and answered, and with how many bytes. */
export interface Count {
  readonly packets: bigint
  readonly bytes: bigint
}

export interface KernelChain {
  /** Undefined if the hook is not the one that nodelb writes. */
  readonly device: string | undefined
  /** The printed rules; a rule that is not nodelb's has another text. */
  readonly rules: readonly string[]
}

/** The table as the kernel holds it. */
export interface KernelTable {
  /** TABLE_FLAG bits of ruleset/nftables/types.ts. */
  readonly flags: number
  readonly owner?: number
  /** A set that nodelb does not write is `foreign`. */
  readonly sets: ReadonlyMap<string, SetKind | 'foreign'>
  readonly elements: ReadonlyMap<string, ReadonlySet<Address>>
  readonly chains: ReadonlyMap<string, KernelChain>
}

export const SWITCH_SET = 'alive'
/** The only key of the switch. */
export const SWITCH_KEY: Address = '0.0.0.1' as Address

/** Before everything that others usually hook there. */
export const INGRESS_PRIORITY: number = -200

/** Names the set of addresses for which an interface answers: at most 18 characters. */
export function addressSet(family: AddressKind, device: string): string {
  return `${family === 'ipv4' ? 'v4' : 'v6'}-${device}`
}
