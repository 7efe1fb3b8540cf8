/** What is expected of an entry that selects interfaces. */
export const PATTERN = 'a regular expression such as ^docker.*'

/** Returns whether a value is a regular expression, as JavaScript reads it. */
export function isPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    new RegExp(value)
    return true
  } catch {
    return false
  }
}
