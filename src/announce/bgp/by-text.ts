/** Returns an order by a text, the same in every language. */
export function byText<Each>(textOf: (each: Each) => string): (a: Each, b: Each) => number {
  return (a, b) => {
    const [left, right] = [textOf(a), textOf(b)]
    if (left === right) return 0
    return left < right ? -1 : 1
  }
}
