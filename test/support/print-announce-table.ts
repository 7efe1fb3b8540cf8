import { printHook, printRule, quoted } from '../../src/ruleset/netdev/print.ts'
import {
  ANNOUNCE_TABLE,
  type Chain,
  type SetKind,
  type Table,
} from '../../src/ruleset/netdev/types.ts'

/**
 * Prints the table for people. It is nft's language but for `set` from another field and `swap`,
 * which nft has no words for: nft 1.0.6 can neither write nor load such a rule.
 */
export function printTable({ sets, elements, chains }: Table): string {
  const parts = [
    ...[...sets].map(([name, kind]) => printSet(name, kind, [...(elements.get(name) ?? [])])),
    ...[...chains].map(([name, chain]) => printChain(name, chain)),
  ]
  return `table netdev ${ANNOUNCE_TABLE} {\n${parts.join('\n')}}\n`
}

function printSet(name: string, kind: SetKind, elements: readonly string[]): string {
  const lines = setHeader(kind)
  const listed = elements.map((element) => `\t\t\t${element},\n`).join('')
  if (listed !== '') lines.push(`elements = {\n${listed}\t\t}`)
  return `\tset ${quoted(name)} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}

/** Returns the lines that define a set, without its elements. */
function setHeader(kind: SetKind): string[] {
  if (kind === 'switch') return ['type ipv4_addr', 'flags timeout']
  if (kind === 'taken') return ['type ipv4_addr', 'flags dynamic']
  return [kind === 'ipv4' ? 'type ipv4_addr' : 'type ipv6_addr', 'counter']
}

function printChain(name: string, { device, rules }: Chain): string {
  const lines = [printHook(name, device), ...rules.map(printRule)]
  return `\tchain ${quoted(name)} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}
