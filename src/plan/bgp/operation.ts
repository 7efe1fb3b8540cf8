import type { Context } from '../../ruleset/bgp/tree.ts'

/** One step of a plan for FRR. */
export type Operation =
  /** Makes a block that is not there. */
  | { readonly kind: 'open'; readonly context: Context }
  /** Takes a block away, with all that is in it. */
  | { readonly kind: 'close'; readonly context: Context }
  | {
      readonly kind: 'set'
      readonly context: Context
      readonly line: string
      /** The line in whose place it comes. */
      readonly before?: string
      /** True: the neighbour, or the router, is made by the same plan. */
      readonly isNew: boolean
    }
  | {
      readonly kind: 'unset'
      readonly context: Context
      readonly line: string
      readonly isNew: boolean
    }
  /** Takes a neighbour away, in all families. */
  | { readonly kind: 'remove-neighbour'; readonly context: Context; readonly neighbour: string }

export type Plan = readonly Operation[]
