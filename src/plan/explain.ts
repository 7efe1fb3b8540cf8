import { printElement, printHook, printRule } from '../ruleset/print.ts'
import { TABLE_NAME } from '../ruleset/types.ts'
import { eachOperation, type Operation, type Plan } from './operation.ts'
import type { OwnerOf } from './owners.ts'

export type Sign = '+' | '-'

export interface ExplainedOperation {
  readonly sign: Sign
  readonly text: string
}

/** Operations of one Service port (or of the table itself) in the order of the plan. */
export interface Group {
  /** `namespace/name:port kind`, or what the operations are about when no Service owns them. */
  readonly title: string
  readonly operations: readonly ExplainedOperation[]
}

/** The plan as people read it: by Service, the rule set's own structure last. */
export function explain(plan: Plan, ownerOf: OwnerOf): readonly Group[] {
  const groups = new Map<string, ExplainedOperation[]>()
  for (const operation of eachOperation(plan)) {
    const title = ownerOf(operation) ?? shared(operation)
    const group = groups.get(title) ?? []
    group.push({ sign: signOf(operation), text: textOf(operation) })
    groups.set(title, group)
  }
  const rank = (title: string): number => (SHARED.includes(title) ? 1 : 0)
  return [...groups]
    .map(([title, operations]) => ({ title, operations }))
    .sort((a, b) => rank(a.title) - rank(b.title) || (a.title < b.title ? -1 : 1))
}

const SHARED: readonly string[] = ['shared elements', 'rules', 'tables, sets and chains']

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
