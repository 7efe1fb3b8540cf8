import type { ElementValue } from './types.ts'

/** Returns whether two elements with the same key are the same; undefined means that there is none. */
export function sameValue(a: ElementValue | undefined, b: ElementValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.data === b.data && a.comment === b.comment
}
