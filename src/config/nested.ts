/** A tree of the parts of paths. */
type Nested<Leaf> = Leaf | NestedFields<Leaf>

export interface NestedFields<Leaf> {
  readonly [name: string]: Nested<Leaf>
}

/** Makes objects of dotted paths: `a.b` is the field `b` in the object `a`. */
export function nested<Leaf>(leaves: readonly (readonly [string, Leaf])[]): NestedFields<Leaf> {
  const inside = new Map<string, [string, Leaf][]>()
  for (const [path, leaf] of leaves) {
    const [name = '', ...rest] = path.split('.')
    inside.set(name, [...(inside.get(name) ?? []), [rest.join('.'), leaf]])
  }
  const fieldOf = (below: readonly [string, Leaf][]): Nested<Leaf> => {
    const [first] = below
    return first !== undefined && first[0] === '' ? first[1] : nested(below)
  }
  return Object.fromEntries([...inside].map(([name, below]) => [name, fieldOf(below)]))
}
