import type {
  BaseHook,
  ElementValue,
  Rule,
  SetSchema,
  TableFamily,
  Tuple,
} from '../ruleset/types.ts'

export type RulePosition =
  | { readonly kind: 'append' }
  | { readonly kind: 'before'; readonly handle: bigint }

/** One change of the kernel's tables. Rules are named by handle, all else by name or key. */
export type Operation =
  /** `flags`: TABLE_FLAG bits; a table that is there gets them if the kernel lets it. */
  | { readonly kind: 'add-table'; readonly family: TableFamily; readonly flags?: number }
  | { readonly kind: 'delete-table'; readonly family: TableFamily }
  | { readonly kind: 'add-set'; readonly family: TableFamily; readonly set: SetSchema }
  | { readonly kind: 'delete-set'; readonly family: TableFamily; readonly set: string }
  | {
      readonly kind: 'add-chain'
      readonly family: TableFamily
      readonly chain: string
      readonly base?: BaseHook
    }
  | { readonly kind: 'delete-chain'; readonly family: TableFamily; readonly chain: string }
  | {
      readonly kind: 'add-rule'
      readonly family: TableFamily
      readonly chain: string
      readonly rule: Rule
      readonly position: RulePosition
    }
  | {
      readonly kind: 'delete-rule'
      readonly family: TableFamily
      readonly chain: string
      readonly handle: bigint
      readonly text: string
    }
  | {
      readonly kind: 'add-element' | 'delete-element'
      readonly family: TableFamily
      readonly set: SetSchema
      readonly key: Tuple
      readonly value: ElementValue
    }

/** Operations in the order the kernel takes them; one batch, all or nothing. */
export type Plan = readonly Operation[]
