import { unreachable } from './unreachable.ts'

/** The labels of an object. */
export type Labels = ReadonlyMap<string, string>

/** A metav1.LabelSelector, decoded: all requirements must hold, and none holds for everything. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[]
}

/** `matchLabels` are requirements `in` with one value. */
type LabelRequirement =
  | { readonly key: string; readonly operator: 'in' | 'not-in'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'does-not-exist' }

/** Returns whether an object with these labels is selected. `not-in` holds without the label, too. */
export function selects({ requirements }: LabelSelector, labels: Labels): boolean {
  return requirements.every((requirement) => {
    const value = labels.get(requirement.key)
    switch (requirement.operator) {
      case 'in':
        return value !== undefined && requirement.values.includes(value)
      case 'not-in':
        return value === undefined || !requirement.values.includes(value)
      case 'exists':
        return value !== undefined
      case 'does-not-exist':
        return value === undefined
      default:
        return unreachable(requirement)
    }
  })
}
