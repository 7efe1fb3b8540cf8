import { valueAt } from '../fields.ts'

/** Returns the text at a path; empty if there is none. */
export function textAt(object: unknown, ...path: readonly string[]): string {
  const found = valueAt(object, path)
  return typeof found === 'string' ? found : ''
}

/** Returns the list at a path; empty if there is none. */
export function listAt(object: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(object, path)
  return Array.isArray(found) ? found : []
}
