import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type {
  BaseHook,
  Chain,
  ElementValue,
  Field,
  FieldType,
  Rule,
  Ruleset,
  SetSchema,
  Statement,
  Table,
} from './types.ts'
import { CLIENT_HASH_SEED, TABLE_NAME } from './types.ts'

/** Prints the rule set in the nft language, for `nft -f` and `nft --check -f`. */
export function printRuleset(ruleset: Ruleset): string {
  return [ruleset.ip, ruleset.ip6]
    .filter((table) => table !== undefined)
    .map(printTable)
    .join('\n')
}

function printTable(table: Table): string {
  const sets = [...table.sets.values()].map((schema) =>
    printSet(table.family, schema, table.elements.get(schema.name) ?? new Map()),
  )
  const chains = [...table.chains.values()].map((chain) => printChain(table.family, chain))
  return `table ${table.family} ${TABLE_NAME} {\n${[...sets, ...chains].join('\n')}}\n`
}

function printSet(
  family: TableFamily,
  schema: SetSchema,
  elements: ReadonlyMap<Tuple, ElementValue>,
): string {
  const lines = setHeader(family, schema)
  const printed = [...elements].map(([key, value]) => `\t\t\t${printElement(key, value)},\n`)
  if (printed.length > 0) lines.push(`elements = {\n${printed.join('')}\t\t}`)
  const body = lines.map((line) => `\t\t${line}\n`).join('')
  return `\t${schema.data === undefined ? 'set' : 'map'} ${schema.name} {\n${body}\t}\n`
}

/** Returns the lines that define a set, without its elements. */
export function setHeader(family: TableFamily, schema: SetSchema): string[] {
  const data = schema.data
  const lines = schema.key.includes('slot')
    ? [
        `typeof ${schema.key.map((type) => typeExpression(family, type)).join(' . ')} : ${family} daddr . th dport`,
      ]
    : [`type ${schema.key.join(' . ')}${data === undefined ? '' : ` : ${dataType(data)}`}`]
  if (schema.interval) lines.push('flags interval')
  if (schema.learned) lines.push(`size ${schema.learned.size}`, 'flags dynamic,timeout')
  if (schema.counter) lines.push('counter')
  return lines
}

function dataType(data: readonly FieldType[] | 'verdict'): string {
  return data === 'verdict' ? data : data.join(' . ')
}

/** Prints `key [comment "…"] [: data]`. */
export function printElement(key: Tuple, value: ElementValue): string {
  const comment = value.comment === undefined ? '' : ` comment "${value.comment}"`
  return `${key}${comment}${value.data === undefined ? '' : ` : ${value.data}`}`
}

/** How many numbers `numgen` may yield in the typeof of a slot; the key needs only its type. */
const SLOT_MODULUS = 65536

function typeExpression(family: TableFamily, type: FieldType): string {
  switch (type) {
    case 'ipv4_addr':
    case 'ipv6_addr':
      return `${family} daddr`
    case 'inet_proto':
      return 'meta l4proto'
    case 'inet_service':
      return 'th dport'
    case 'slot':
      return `numgen random mod ${SLOT_MODULUS}`
  }
}

function printChain(family: TableFamily, chain: Chain): string {
  const base = chain.base === undefined ? '' : `\t\t${printHook(chain.base)}\n`
  const rules = chain.rules.map((rule) => `\t\t${printRule(family, rule)}\n`).join('')
  return `\tchain ${chain.name} {\n${base}${rules}\t}\n`
}

/** Prints the line that makes a chain a base chain. */
export function printHook({ type, hook, priority }: BaseHook): string {
  return `type ${type} hook ${hook} priority ${priority}; policy accept;`
}

/** Prints one rule on one line; the text is also the rule's identity in plans. */
export function printRule(family: TableFamily, rule: Rule): string {
  const body = rule.statements.map((statement) => printStatement(family, statement)).join(' ')
  return rule.comment === undefined ? body : `${body} comment "${rule.comment}"`
}

type Printers = {
  readonly [Kind in Statement['kind']]: (
    statement: Extract<Statement, { readonly kind: Kind }>,
    family: TableFamily,
  ) => string
}

const printers: Printers = {
  'in-set': ({ key, set, negated }, family) =>
    `${printKey(family, key)} ${negated ? '!= ' : ''}@${set}`,
  'new-connection': () => 'ct state new',
  'was-dnat': () => 'ct status dnat',
  'to-this-node': () => 'fib daddr type local',
  'from-this-node': () => 'fib saddr type local',
  interface: ({ name, prefix, negated }) =>
    `iifname ${negated ? '!= ' : ''}"${name}${prefix ? '*' : ''}"`,
  'has-ports': () => 'meta l4proto { tcp, udp, sctp }',
  'is-tcp': () => 'meta l4proto tcp',
  'not-loopback': (_, family) => (family === 'ip' ? 'ip daddr != 127.0.0.0/8' : 'ip6 daddr != ::1'),
  'set-mark': ({ bit }) => `meta mark set meta mark | ${hex(bit)}`,
  'has-mark': ({ bit }) => `meta mark & ${hex(bit)} == ${hex(bit)}`,
  'clear-mark': ({ bit }) => `meta mark set meta mark ^ ${hex(bit)}`,
  dnat: ({ key, map }, family) => `dnat ${family} to ${printKey(family, key)} map @${map}`,
  'verdict-map': ({ key, map }, family) => `${printKey(family, key)} vmap @${map}`,
  remember: ({ set, key, seconds }, family) =>
    `update @${set} { ${printKey(family, key)} timeout ${seconds}s }`,
  forget: ({ set, key }, family) => `delete @${set} { ${printKey(family, key)} }`,
  masquerade: () => 'masquerade fully-random',
  reject: ({ with: answer }) => (answer === 'tcp-reset' ? 'reject with tcp reset' : 'reject'),
  drop: () => 'drop',
  accept: () => 'accept',
  jump: ({ chain }) => `jump ${chain}`,
  goto: ({ chain }) => `goto ${chain}`,
}

function printStatement(family: TableFamily, statement: Statement): string {
  const print = printers[statement.kind] as (value: Statement, family: TableFamily) => string
  return print(statement, family)
}

function printKey(family: TableFamily, key: readonly Field[]): string {
  return key.map((field) => printField(family, field)).join(' . ')
}

function printField(family: TableFamily, field: Field): string {
  switch (field.kind) {
    case 'saddr':
    case 'daddr':
      return `${family} ${field.kind}`
    case 'l4proto':
      return 'meta l4proto'
    case 'dport':
      return 'th dport'
    case 'original-daddr':
      return `ct original ${family} daddr`
    case 'original-dport':
      return 'ct original proto-dst'
    case 'random':
      return `numgen random mod ${field.modulus}`
    case 'client-hash':
      return `jhash ${family} saddr mod ${field.modulus} seed ${CLIENT_HASH_SEED}`
  }
}

function hex(bit: number): string {
  return `0x${(2 ** bit).toString(16).padStart(8, '0')}`
}
