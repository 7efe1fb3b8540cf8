/** Orders texts by their code units, which is the same everywhere. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Returns an order by a text of each. */
export function byText<Each>(textOf: (each: Each) => string): (a: Each, b: Each) => number {
  return (a, b) => compareText(textOf(a), textOf(b))
}
