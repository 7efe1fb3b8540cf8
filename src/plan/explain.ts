import type { TableFamily } from '../model/family.ts'

/** `~` changes what is there. */
export type Sign = '+' | '-' | '~'

export interface ExplainedOperation {
  readonly sign: Sign
  readonly text: string
}

/** An operation of any backend, as people and programs read it. */
export interface ShownOperation extends ExplainedOperation {
  /** `add-element` and its like. */
  readonly kind: string
  /** Undefined for what is of no family, or of both. */
  readonly family: TableFamily | undefined
  /** `namespace/name:port kind`; undefined for what no single Service owns. */
  readonly owner: string | undefined
  /** The heading it stands under where it has no owner. */
  readonly about: string
}

/** Operations of one Service port (or of the rule set itself) in the order of the plan. */
export interface Group {
  /** `namespace/name:port kind`, or what the operations are about when no Service owns them. */
  readonly title: string
  readonly operations: readonly ExplainedOperation[]
}

/** As people read them: by Service, then what is nobody's, each by name. */
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
