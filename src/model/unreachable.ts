/** Makes a forgotten union member a compile error, and throws a TypeError if it is called. */
export function unreachable(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`)
}
