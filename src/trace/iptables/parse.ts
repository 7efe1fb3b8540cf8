import {
  cidrRange,
  familyOf,
  hostCidr,
  parseAddress,
  parseCidr,
  parsePort,
  toBigInt,
} from '../../model/address.ts'
import type { RuleText } from '../../ruleset/iptables/types.ts'
import type {
  Condition,
  ConnectionState,
  Match,
  ParsedRule,
  Range,
  Recent,
  Target,
} from './rule.ts'
import { compare, type Pattern, wordsOf } from './words.ts'

/**
 * Reads a rule as `iptables-save` writes it, without `-A` and its chain:
 *
 *     rule  = { match } [ target ]
 *
 * Matches and targets are those of the tables below, with `[!]` where they may be negated; these
 * are more than nodelb writes (src/ruleset/iptables/rule.ts). Anything else becomes `strange`, up
 * to the next `-m`, `-j` or `-g`. Any text can be read.
 */
export function parseRule(text: string): ParsedRule {
  const words = wordsOf(text)
  const matches: Match[] = []
  let at = 0
  while (at < words.length && !isTarget(words[at])) {
    const { match, length } = matchAt(words, at)
    matches.push(match)
    at += length
  }
  return { matches, target: targetAt(words, at) }
}

/** Reads the rules of a chain; each chain is read only once for as long as it exists. */
export function parseRules(rules: readonly RuleText[]): readonly ParsedRule[] {
  const known = parsed.get(rules) ?? rules.map(parseRule)
  parsed.set(rules, known)
  return known
}

const parsed: WeakMap<readonly RuleText[], readonly ParsedRule[]> = new WeakMap()

interface Reader<Value> {
  readonly pattern: Pattern
  /** Returns undefined for values that nodelb never writes. */
  read(values: readonly string[]): Value | undefined
}

function readers<Value>(
  table: readonly (readonly [string, Reader<Value>['read']])[],
): readonly Reader<Value>[] {
  return table.map(([pattern, read]) => ({ pattern: pattern.split(' '), read }))
}

const CONDITIONS: readonly Reader<Condition>[] = readers<Condition>([
  ['[!] -s *', ([prefix]) => inRange('source', prefixRange(prefix))],
  ['[!] -d *', ([prefix]) => inRange('destination', prefixRange(prefix))],
  ['[!] -i *', ([name = '']) => interfaceNamed(name)],
  ['[!] -p *', ([name = '']) => ({ kind: 'protocol', name })],
  ['-m tcp [!] --dport *', ([ports]) => inPorts(ports)],
  ['-m udp [!] --dport *', ([ports]) => inPorts(ports)],
  ['-m sctp [!] --dport *', ([ports]) => inPorts(ports)],
  ['-m iprange [!] --src-range *', ([range]) => inRange('source', between(range))],
  ['-m iprange [!] --dst-range *', ([range]) => inRange('destination', between(range))],
  ['-m addrtype [!] --src-type LOCAL', () => ({ kind: 'source-is-local' })],
  ['-m addrtype [!] --dst-type LOCAL', () => ({ kind: 'destination-is-local' })],
  ['-m mark [!] --mark *', ([mark]) => withKind('mark', masked(mark))],
  ['-m conntrack [!] --ctstate *', ([states]) => inStates(states)],
  ['-m statistic --mode random [!] --probability *', ([odds]) => oneOf(Number(odds))],
])

const OTHER_MATCHES: readonly Reader<Match>[] = readers<Match>([
  ['-m comment --comment *', ([text = '']) => ({ kind: 'comment', text })],
  [
    '-m recent --update --seconds * --reap --name * --mask * --rsource',
    ([seconds = '', list = '', mask = '']) => recalls(Number(seconds), list, mask),
  ],
  [
    '-m recent --set --name * --mask * --rsource',
    ([list = '', mask = '']) => remembers(list, mask),
  ],
])

const TARGETS: readonly Reader<Target>[] = readers<Target>([
  ['-j RETURN', () => ({ kind: 'return' })],
  ['-j ACCEPT', () => ({ kind: 'accept' })],
  ['-j DROP', () => ({ kind: 'drop' })],
  ['-j MASQUERADE', () => ({ kind: 'masquerade' })],
  ['-j MASQUERADE --random-fully', () => ({ kind: 'masquerade' })],
  ['-j MARK --set-xmark *', ([mark]) => withKind('mark', masked(mark))],
  ['-j DNAT --to-destination *', ([to]) => dnat(to)],
  ['-j REJECT --reject-with *', ([how]) => reject(how)],
  ['-j *', ([chain = '']) => ({ kind: 'jump', chain })],
  ['-g *', ([chain = '']) => ({ kind: 'goto', chain })],
])

function isTarget(word: string | undefined): boolean {
  return word === '-j' || word === '-g'
}

function matchAt(
  words: readonly string[],
  at: number,
): { readonly match: Match; readonly length: number } {
  for (const { pattern, read } of CONDITIONS) {
    const found = compare(pattern, words, at)
    const condition = found && read(found.values)
    if (condition) return { match: { ...condition, negated: found.negated }, length: found.length }
  }
  for (const { pattern, read } of OTHER_MATCHES) {
    const found = compare(pattern, words, at)
    const match = found && read(found.values)
    if (match) return { match, length: found.length }
  }
  const next = words.findIndex((word, index) => index > at && (word === '-m' || isTarget(word)))
  const strange = words.slice(at, next < 0 ? undefined : next)
  return { match: { kind: 'strange', text: strange.join(' ') }, length: strange.length }
}

/** The target ends the rule, so the pattern has to match to the end. */
function targetAt(words: readonly string[], at: number): Target {
  if (at >= words.length) return { kind: 'none' }
  for (const { pattern, read } of TARGETS) {
    const found = compare(pattern, words, at)
    if (found === undefined || at + found.length !== words.length) continue
    const target = read(found.values)
    if (target) return target
  }
  return { kind: 'strange', text: words.slice(at).join(' ') }
}

function withKind<Kind extends string, Value extends object>(
  kind: Kind,
  value: Value | undefined,
): (Value & { readonly kind: Kind }) | undefined {
  return value && { kind, ...value }
}

function inRange(kind: 'source' | 'destination', range: Range | undefined): Condition | undefined {
  return range && { kind, range }
}

function prefixRange(text = ''): Range | undefined {
  const address = parseAddress(text)?.value
  const prefix = address === undefined ? parseCidr(text)?.value : hostCidr(address)
  if (prefix === undefined) return undefined
  return { family: familyOf(prefix), ...cidrRange(prefix) }
}

function between(text = ''): Range | undefined {
  const [first, last, ...more] = text.split('-').map((each) => parseAddress(each)?.value)
  if (first === undefined || last === undefined || more.length > 0) return undefined
  const family = familyOf(first)
  return family === familyOf(last)
    ? { family, first: toBigInt(first), last: toBigInt(last) }
    : undefined
}

/** A name that ends in `+` stands for all that begin like it. */
function interfaceNamed(name: string): Condition {
  const prefix = name.endsWith('+')
  return { kind: 'interface', name: prefix ? name.slice(0, -1) : name, prefix }
}

/** Reads `80` or `30000:32767`. */
function inPorts(text = ''): Condition | undefined {
  if (!/^\d+(:\d+)?$/.test(text)) return undefined
  const [first = 0, last = first] = text.split(':').map(Number)
  return { kind: 'ports', first, last }
}

/** Reads `0x4000/0x4000`, or `0x4000` for all bits. */
function masked(text = ''): { readonly value: number; readonly mask: number } | undefined {
  if (!/^0x[\da-f]{1,8}(\/0x[\da-f]{1,8})?$/.test(text)) return undefined
  const [value = 0, mask = 0xffff_ffff] = text.split('/').map(Number)
  return { value, mask }
}

const STATES: readonly ConnectionState[] = ['NEW', 'RELATED', 'ESTABLISHED', 'DNAT']

function inStates(text = ''): Condition | undefined {
  const states = text.split(',')
  const known = STATES.filter((state) => states.includes(state))
  return known.length === states.length ? { kind: 'state', states: known } : undefined
}

/** xt_statistic counts probabilities in parts of this size. */
const PARTS = 2 ** 31

/** The kernel rounds probabilities: it makes 0.33333333349 of one in three. */
function oneOf(odds: number): Condition | undefined {
  if (!(odds > 0 && odds <= 1)) return undefined
  const count = Math.round(1 / odds)
  const meant = Math.abs(odds - Math.round(PARTS / count) / PARTS) < 1 / PARTS
  return { kind: 'one-of', count: meant ? count : 1 / odds }
}

/** Returns whether a list has whole addresses; a shorter mask remembers other clients, too. */
function isWhole(mask: string): boolean {
  return mask === '255.255.255.255' || mask === 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
}

function recalls(seconds: number, list: string, mask: string): Recent | undefined {
  if (!isWhole(mask) || !Number.isInteger(seconds)) return undefined
  return { kind: 'recent', does: 'update', list, seconds }
}

function remembers(list: string, mask: string): Recent | undefined {
  return isWhole(mask) ? { kind: 'recent', does: 'set', list } : undefined
}

/** Reads `10.244.1.10:8080` or `[fd00:10:244:1::a]:8080`. */
function dnat(to = ''): Target | undefined {
  const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)$/.exec(to) ?? []
  const address = parseAddress(bracketed ?? bare ?? '')?.value
  const port = parsePort(Number(digits))
  return address === undefined || port === undefined ? undefined : { kind: 'dnat', address, port }
}

function reject(how = ''): Target | undefined {
  if (how === 'tcp-reset') return { kind: 'reject', with: how }
  return UNREACHABLE.includes(how) ? { kind: 'reject', with: 'port-unreachable' } : undefined
}

const UNREACHABLE: readonly string[] = ['icmp-port-unreachable', 'icmp6-port-unreachable']
