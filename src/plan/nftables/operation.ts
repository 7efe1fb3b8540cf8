import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { BaseHook, ElementValue, Rule, SetSchema } from '../../ruleset/nftables/types.ts'

type RulePosition =
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

/**
 * The elements of a set that is new: an operation each, which at a first load would weigh as much
 * as the elements themselves if all were in memory at once. Refers to the rule set, no copy.
 */
interface Filling {
  readonly kind: 'fill-set'
  readonly family: TableFamily
  readonly set: SetSchema
  readonly elements: ReadonlyMap<Tuple, ElementValue>
}

export type Step = Operation | Filling

/** Steps in the order the kernel takes them; one batch, all or nothing. */
export type Plan = readonly Step[]

/** The operations of a plan, made one by one. */
export function* eachOperation(plan: Plan): Generator<Operation, undefined> {
  for (const step of plan) {
    if (step.kind !== 'fill-set') {
      yield step
      continue
    }
    const { family, set, elements } = step
    for (const [key, value] of elements) yield { kind: 'add-element', family, set, key, value }
  }
}

export function operationCount(plan: Plan): number {
  return plan.reduce((sum, step) => sum + (step.kind === 'fill-set' ? step.elements.size : 1), 0)
}
