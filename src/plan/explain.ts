import { printElement, printHook, printRule } from '../ruleset/print.ts'
import { TABLE_NAME, type TableFamily } from '../ruleset/types.ts'
import { eachOperation, type Operation, type Plan } from './operation.ts'
import type { OwnerOf } from './owners.ts'

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

export function explain(plan: Plan, ownerOf: OwnerOf): readonly Group[] {
  return grouped(shown(plan, ownerOf))
}

export function* shown(plan: Plan, ownerOf: OwnerOf): Iterable<ShownOperation> {
  for (const operation of eachOperation(plan)) {
    const { kind, family } = operation
    const [owner, about] = [ownerOf(operation), shared(operation)]
    yield { kind, family, owner, about, sign: signOf(operation), text: textOf(operation) }
  }
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

function shared(operation: Operation): string {
  switch (operation.kind) {
    case 'add-element':
    case 'delete-element':
      return 'shared elements'
    case 'add-rule':
    case 'delete-rule':
      return 'rules'
    default:
      return 'tables, sets and chains'
  }
}

export function signOf({ kind }: Operation): Sign {
  return kind.startsWith('add') ? '+' : '-'
}

/** One operation on one line, in nft's words. */
export function textOf(operation: Operation): string {
  const table = `${operation.family} ${TABLE_NAME}`
  switch (operation.kind) {
    case 'add-table':
    case 'delete-table':
      return `table ${table}`
    case 'add-set':
      return `${operation.set.data === undefined ? 'set' : 'map'} ${table} ${operation.set.name}`
    case 'delete-set':
      return `set ${table} ${operation.set}`
    case 'add-chain': {
      const hook = operation.base === undefined ? '' : ` { ${printHook(operation.base)} }`
      return `chain ${table} ${operation.chain}${hook}`
    }
    case 'delete-chain':
      return `chain ${table} ${operation.chain}`
    case 'add-rule':
      return `rule ${table} ${operation.chain} ${printRule(operation.family, operation.rule)}`
    case 'delete-rule':
      return `rule ${table} ${operation.chain} ${operation.text}`
    case 'add-element':
    case 'delete-element':
      return `element ${table} ${operation.set.name} { ${printElement(operation.key, operation.value)} }`
  }
}
