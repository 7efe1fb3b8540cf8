import type { Address, IpFamily, Port } from '../../model/address.ts'

/** A rule as it is walked: all matches in order, then the target. */
export interface ParsedRule {
  readonly matches: readonly Match[]
  readonly target: Target
}

/** `strange` is what nodelb never writes, so its effect is unknown. */
export type Match =
  | ({ readonly negated: boolean } & Condition)
  | { readonly kind: 'comment'; readonly text: string }
  | Recent
  | Strange

/** The states that `--ctstate` knows, as far as nodelb uses them. */
export type ConnectionState = 'NEW' | 'RELATED' | 'ESTABLISHED' | 'DNAT'

/** What may be asked with a `!` before it. */
export type Condition =
  | { readonly kind: 'source' | 'destination'; readonly range: Range }
  | { readonly kind: 'source-is-local' | 'destination-is-local' }
  | { readonly kind: 'interface'; readonly name: string; readonly prefix: boolean }
  | { readonly kind: 'protocol'; readonly name: string }
  | { readonly kind: 'ports'; readonly first: number; readonly last: number }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'state'; readonly states: readonly ConnectionState[] }
  /** Matches one packet of `count`, which is no whole number if the rule is not nodelb's. */
  | { readonly kind: 'one-of'; readonly count: number }

/**
 * xt_recent: `update` asks whether the source is on the list and came within so many seconds; `set`
 * puts it there and always matches.
 */
export type Recent =
  | {
      readonly kind: 'recent'
      readonly does: 'update'
      readonly list: string
      readonly seconds: number
    }
  | { readonly kind: 'recent'; readonly does: 'set'; readonly list: string }

interface Strange {
  readonly kind: 'strange'
  readonly text: string
}

/** Addresses as numbers; both ends belong to the range. */
export interface Range {
  readonly family: IpFamily
  readonly first: bigint
  readonly last: bigint
}

export type Target =
  /** The rule goes on to the next one; only its matches have an effect. */
  | { readonly kind: 'none' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'return' | 'accept' | 'drop' }
  | Change
  | { readonly kind: 'reject'; readonly with: 'tcp-reset' | 'port-unreachable' }
  | Strange

/** What the rule does to the packet or its connection. */
export type Change =
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'dnat'; readonly address: Address; readonly port: Port }
  | { readonly kind: 'masquerade' }
