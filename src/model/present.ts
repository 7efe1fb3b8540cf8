/**
 * Returns what the code around it knows to be there, such as a member of a list at a position below
 * its length, and throws a TypeError if it is not: that would be a fault of nodelb.
 */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('what is always there is not')
  return value
}
