/**
 * Returns a function that gets all items there are at a time, and passes on those that were not
 * there the time before.
 */
export function onceUntilGone<Item>(
  keyOf: (item: Item) => string,
  tell: (item: Item) => void,
): (items: readonly Item[]) => void {
  let told: ReadonlySet<string> = new Set()
  return (items) => {
    const now = new Map(items.map((item) => [keyOf(item), item]))
    for (const [key, item] of now) if (!told.has(key)) tell(item)
    told = new Set(now.keys())
  }
}
