import type { TableFamily } from '../model/family.ts'

/** `~` changes what exists. */
export type Sign = '+' | '-' | '~'

export interface ExplainedOperation {
  readonly sign: Sign
  readonly text: string
}

/** An operation of any backend, for people and programs to read. */
export interface ShownOperation extends ExplainedOperation {
  /** `add-element`, for example. */
  readonly kind: string
  /** Undefined if it belongs to no family, or to both. */
  readonly family: TableFamily | undefined
  /** `namespace/name:port kind`; undefined if no single Service owns the operation. */
  readonly owner: string | undefined
  /** The heading under which an operation without an owner is listed. */
  readonly about: string
  /** True if it takes away what others put into nodelb's tables. */
  readonly foreign?: boolean
}

/** Operations of one Service port (or of the rule set itself) in the order of the plan. */
export interface Group {
  /** `namespace/name:port kind`, or what the operations are about if no Service owns them. */
  readonly title: string
  readonly operations: readonly ExplainedOperation[]
}

/** Groups operations for people: first those of Services, then the others, each by name. */
export function grouped(operations: Iterable<ShownOperation>): readonly Group[] {
  const owned = new Map<string, ExplainedOperation[]>()
  const others = new Map<string, ExplainedOperation[]>()
  for (const { owner, about, sign, text } of operations) {
    const [groups, title] = owner === undefined ? [others, about] : [owned, owner]
    const group = groups.get(title) ?? []
    group.push({ sign, text })
    groups.set(title, group)
  }
  const titled = (groups: typeof owned): readonly Group[] =>
    [...groups]
      .map(([title, operations]) => ({ title, operations }))
      .sort((a, b) => (a.title < b.title ? -1 : 1))
  return [...titled(owned), ...titled(others)]
}
