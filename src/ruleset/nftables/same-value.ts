import type { ElementValue } from './types.ts'

/** Returns whether the values of an element are equal; undefined stands for no element. */
export function sameValue(a: ElementValue | undefined, b: ElementValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.data === b.data && a.comment === b.comment
}
