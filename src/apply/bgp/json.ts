// Takes apart what FRR prints as JSON, without trusting that it is as expected. This file is pure.

/** Returns undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    // Without a router FRR 8.4 may write nothing.
    return JSON.parse(text.trim() === '' ? '{}' : text)
  } catch {
    return undefined
  }
}

/** Returns the fields of an object, or the items of a list; none of anything else. */
export function entries(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

/** Returns undefined for a field that is not there. */
export function field(value: unknown, name: string): unknown {
  return entries(value).find(([key]) => key === name)?.[1]
}

/** Returns 0 for a number that is not there. */
export function number(value: unknown, name: string): number {
  const found = field(value, name)
  return typeof found === 'number' ? found : 0
}
