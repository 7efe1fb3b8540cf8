import { SecretText } from '../announce/bgp/secret-text.ts'
import { valueAt } from '../decode/fields.ts'

/**
 * Stores a value; returns false if it was there already. Nodes and EndpointSlices come again every
 * few seconds, and mostly say nothing new here.
 */
export function store<Value>(values: Map<string, Value>, key: string, value: Value): boolean {
  const before = values.get(key)
  values.set(key, value)
  return before === undefined || textOf(before) !== textOf(value)
}

/**
 * Returns a value as text, to compare it with others; Maps are lists of their entries, whole numbers may
 * be of any size, and a secret text is there in plain: it differs from another one.
 */
export function textOf(value: unknown): string {
  return JSON.stringify(value, function (this: unknown, key, each: unknown) {
    const raw: unknown = valueAt(this, [key])
    if (raw instanceof SecretText) return raw.reveal()
    if (typeof each === 'bigint') return String(each)
    return each instanceof Map ? [...each] : each
  })
}
