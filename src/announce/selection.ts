import { type LabelSelector, type Labels, selects } from '../model/label-selector.ts'
import type { LabelledPool, PoolRule } from './objects.ts'

/** Returns whether an advertisement with this rule is for a pool; without a rule it is for all. */
export function isForPool(rule: PoolRule | undefined, { name, labels }: LabelledPool): boolean {
  if (rule === undefined) return true
  return rule.names.includes(name) || rule.selectors.some((each) => selects(each, labels))
}

/** Returns whether one of the selectors selects the labels; without selectors all are selected. */
export function anySelects(
  selectors: readonly LabelSelector[] | undefined,
  labels: Labels,
): boolean {
  return selectors === undefined || selectors.some((each) => selects(each, labels))
}
