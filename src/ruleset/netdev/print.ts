import { offerKey, priorityOf, TAKEN_SET } from './handover.ts'
import { type Field, type Rule, type Statement, SWITCH_KEY, SWITCH_SET } from './types.ts'

/** Prints the line that hooks a chain of this name to an interface. */
export function printHook(chain: string, device: string): string {
  return `type filter hook ingress device ${JSON.stringify(device)} priority ${priorityOf(chain)}; policy accept;`
}

/** Prints one rule on one line; the text is also the rule's identity in plans. */
export function printRule(rule: Rule): string {
  return rule.map(printStatement).join(' ')
}

/** Names of interfaces may have any character but space, slash and colon. */
export function quoted(name: string): string {
  return /^[a-zA-Z][\w.-]*$/.test(name) ? name : JSON.stringify(name)
}

type Printers = {
  readonly [Kind in Statement['kind']]: (
    statement: Extract<Statement, { readonly kind: Kind }>,
  ) => string
}

const printers: Printers = {
  protocol: ({ number }) => `meta protocol 0x${number.toString(16).padStart(4, '0')}`,
  'not-for-others': () => 'meta pkttype != other',
  match: ({ field, bytes, negated }) => `${at(field)} ${negated ? '!= ' : ''}0x${bytes}`,
  'in-set': ({ field, set, negated }) => `${at(field)} ${negated ? '!= ' : ''}@${quoted(set)}`,
  'switched-on': () => `${SWITCH_KEY} @${SWITCH_SET}`,
  count: () => 'counter',
  copy: ({ from, to }) => `${at(to)} set ${at(from)}`,
  swap: ({ one, other }) => `swap ${at(one)} ${at(other)}`,
  write: ({ bytes, to }) => `${at(to)} set 0x${bytes}`,
  'note-taken': ({ offer }) => `add @${TAKEN_SET} { ${offerKey(offer)} }`,
  taken: ({ offer }) => `${offerKey(offer)} @${TAKEN_SET}`,
  drop: () => 'drop',
  forward: ({ index }) => `fwd to ${index}`,
}

function printStatement(statement: Statement): string {
  const print = printers[statement.kind] as (value: Statement) => string
  return print(statement)
}

const HEADERS: Readonly<Record<Field['header'], string>> = {
  link: 'll',
  network: 'nh',
  transport: 'th',
}

/** Prints a field as nft does a raw one: header, first bit, and number of bits. */
function at({ header, offset, length }: Field): string {
  return `@${HEADERS[header]},${8 * offset},${8 * length}`
}
