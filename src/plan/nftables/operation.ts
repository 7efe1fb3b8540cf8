import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { BaseHook, ElementValue, Rule, SetSchema } from '../../ruleset/nftables/types.ts'

type RulePosition =
  | { readonly kind: 'append' }
  | { readonly kind: 'before'; readonly handle: bigint }

/** One change of the kernel's tables. Rules are named by handle, all else by name or key. */
export type Operation =
  /** `flags` are TABLE_FLAG bits; an existing table gets them if the kernel allows it. */
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
 * Fills a new set. It stands for one operation for each element: all of these in memory at once
 * would take as much as the elements themselves at a first load. It refers to the rule set and
 * copies nothing.
 */
export interface Filling {
  readonly kind: 'fill-set'
  readonly family: TableFamily
  readonly set: SetSchema
  readonly elements: ReadonlyMap<Tuple, ElementValue>
}

export type Step = Operation | Filling

/** Steps in the order in which the kernel accepts them; they are one batch, all or nothing. */
export type Plan = readonly Step[]

/** Yields the operations of a plan, which are made one by one. */
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

/** Returns the number of operations; each element of a set that is filled counts as one. */
export function operationCount(plan: Plan): number {
  return plan.reduce((sum, step) => sum + (step.kind === 'fill-set' ? step.elements.size : 1), 0)
}
