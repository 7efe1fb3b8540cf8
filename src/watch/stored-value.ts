/**
 * Stores a value; returns false if it was there already. Nodes and EndpointSlices come again every
 * few seconds, and mostly say nothing new here.
 */
export function store<Value>(values: Map<string, Value>, key: string, value: Value): boolean {
  const before = values.get(key)
  values.set(key, value)
  return before === undefined || textOf(before) !== textOf(value)
}

/** Returns a value as text; Maps are lists of their entries, and whole numbers may be of any size. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return String(each)
    return each instanceof Map ? [...each] : each
  })
}
