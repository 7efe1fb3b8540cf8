/** Values that fragments want, by key, with a record of what changed. */
export interface Wants<Key, Value> {
  readonly values: Map<Key, Value>
  /** How many fragments beside the first want a value, if any do: Services may share pods. */
  readonly shared: Map<Key, number>
  /** The value before the first touch; undefined if there was none. */
  readonly touched: Map<Key, Value | undefined>
}

/** Returns a collection without wants. */
export function noWants<Key, Value>(): Wants<Key, Value> {
  return { values: new Map(), shared: new Map(), touched: new Map() }
}

/** Adds a want. Returns whether it is the first for its key; the first value stays. */
export function addWant<Key, Value>(
  { values, shared, touched }: Wants<Key, Value>,
  key: Key,
  value: Value,
  recording: boolean,
): boolean {
  if (values.has(key)) {
    shared.set(key, (shared.get(key) ?? 0) + 1)
    return false
  }
  if (recording && !touched.has(key)) touched.set(key, undefined)
  values.set(key, value)
  return true
}

/**
 * Takes a want back. Returns the value if no want for it is left; undefined if others are left, or
 * if there was none.
 */
export function dropWant<Key, Value>(
  { values, shared, touched }: Wants<Key, Value>,
  key: Key,
  recording: boolean,
): Value | undefined {
  const value = values.get(key)
  if (value === undefined || isStillWanted(shared, key)) return undefined
  if (recording && !touched.has(key)) touched.set(key, value)
  values.delete(key)
  return value
}

/** Takes one want off a shared value; returns whether another fragment still wants it. */
function isStillWanted<Key>(shared: Map<Key, number>, key: Key): boolean {
  const others = shared.get(key)
  if (others === undefined) return false
  if (others === 1) shared.delete(key)
  else shared.set(key, others - 1)
  return true
}

/** Yields the keys that were touched since the last call, with their values before and after. */
export function* takeTouched<Key, Value>({
  values,
  touched,
}: Wants<Key, Value>): Generator<readonly [Key, Value | undefined, Value | undefined]> {
  for (const [key, before] of touched) yield [key, before, values.get(key)]
  touched.clear()
}
