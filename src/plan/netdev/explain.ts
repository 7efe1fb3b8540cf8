import { unreachable } from '../../model/unreachable.ts'
import { offerKey, TAKEN_SET } from '../../ruleset/netdev/handover.ts'
import { printHook, printRule, quoted } from '../../ruleset/netdev/print.ts'
import { ANNOUNCE_TABLE, SWITCH_KEY, SWITCH_SET } from '../../ruleset/netdev/types.ts'
import type { Operation } from './operation.ts'

/** Prints one operation on one line, with `+` or `-` before it as plans of Services have. */
export function textOf(operation: Operation): string {
  const table = `netdev ${ANNOUNCE_TABLE}`
  switch (operation.kind) {
    case 'add-table':
      return `+ table ${table}`
    case 'delete-table':
      return `- table ${table}`
    case 'add-set':
      return `+ set ${table} ${quoted(operation.set)}`
    case 'delete-set':
      return `- set ${table} ${quoted(operation.set)}`
    case 'add-chain':
      return `+ chain ${table} ${quoted(operation.chain)} { ${printHook(operation.chain, operation.device)} }`
    case 'delete-chain':
      return `- chain ${table} ${quoted(operation.chain)}`
    case 'add-rule':
      return `+ rule ${table} ${quoted(operation.chain)} ${printRule(operation.rule)}`
    case 'empty-chain':
      return `- rules ${table} ${quoted(operation.chain)}`
    case 'add-elements':
      return `+ element ${table} ${quoted(operation.set)} { ${operation.keys.join(', ')} }`
    case 'delete-elements':
      return `- element ${table} ${quoted(operation.set)} { ${operation.keys.join(', ')} }`
    case 'unless-taken':
      return `? no element ${table} ${TAKEN_SET} { ${offerKey(operation.offer)} }`
    case 'switch-on':
      return `+ element ${table} ${SWITCH_SET} { ${SWITCH_KEY} timeout ${operation.milliseconds}ms }`
    case 'switch-off':
      return `- element ${table} ${SWITCH_SET} { ${SWITCH_KEY} }`
    default:
      return unreachable(operation)
  }
}
