import type { Address } from '../../model/address.ts'
import type { AddressKind, Rule, SetKind } from '../../ruleset/netdev/types.ts'

/** One step of a plan for the table that answers on layer 2. */
export type Operation =
  | { readonly kind: 'add-table'; readonly flags?: number }
  | { readonly kind: 'delete-table' }
  | { readonly kind: 'add-set'; readonly set: string; readonly holds: SetKind }
  | { readonly kind: 'delete-set'; readonly set: string }
  | { readonly kind: 'add-chain'; readonly chain: string; readonly device: string }
  | { readonly kind: 'delete-chain'; readonly chain: string }
  | { readonly kind: 'add-rule'; readonly chain: string; readonly rule: Rule }
  /** Deletes all rules of the chain. */
  | { readonly kind: 'empty-chain'; readonly chain: string }
  | {
      readonly kind: 'add-elements' | 'delete-elements'
      readonly set: string
      readonly holds: AddressKind
      readonly keys: readonly Address[]
    }
  /** Changes nothing, and lets the transaction fail if the offer was taken. */
  | { readonly kind: 'unless-taken'; readonly offer: number }
  /** Turns the switch on for so long. */
  | { readonly kind: 'switch-on'; readonly milliseconds: number }
  | { readonly kind: 'switch-off' }

export type Plan = readonly Operation[]

/** Returns what keeps the switch on for longer; the kernel refuses it if the switch has run out. */
export function renewal(milliseconds: number): Plan {
  return [{ kind: 'switch-off' }, { kind: 'switch-on', milliseconds }]
}

/** Returns what turns the switch on. Before Linux 6.12 an add alone moved no timeout. */
export function turningOn(milliseconds: number): Plan {
  return [{ kind: 'switch-on', milliseconds }, ...renewal(milliseconds)]
}
