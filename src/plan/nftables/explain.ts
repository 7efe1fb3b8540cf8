import { printElement, printHook, printRule } from '../../ruleset/nftables/print.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { type Group, grouped, type ShownOperation, type Sign } from '../explain.ts'
import { eachOperation, type Operation, type Plan } from './operation.ts'
import type { OwnerOf } from './owners.ts'
import { isForeign } from './rules.ts'

/** Returns the operations of a plan for people, grouped by Service. */
export function explain(plan: Plan, ownerOf: OwnerOf): readonly Group[] {
  return grouped(shown(plan, ownerOf))
}

/** Yields the operations of a plan, with their owners, for people and programs. */
export function* shown(plan: Plan, ownerOf: OwnerOf): Iterable<ShownOperation> {
  for (const operation of eachOperation(plan)) {
    const { kind, family } = operation
    const [owner, about] = [ownerOf(operation), shared(operation)]
    const foreign = operation.kind === 'delete-rule' && isForeign(operation.text)
    yield { kind, family, owner, about, sign: signOf(operation), text: textOf(operation), foreign }
  }
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

function signOf({ kind }: Operation): Sign {
  return kind.startsWith('add') ? '+' : '-'
}

/** Prints one operation on one line, in nft's syntax. */
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
