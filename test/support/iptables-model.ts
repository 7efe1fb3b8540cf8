import { type Address, type Cidr, cidrContains } from '../../src/model/address.ts'
import type { TableFamily } from '../../src/model/family.ts'
import { printStep, type RestoreStep } from '../../src/ruleset/iptables/print.ts'
import {
  IPTABLES_TABLES,
  type IptablesChains,
  type IptablesRuleset,
  type IptablesTable,
} from '../../src/ruleset/iptables/types.ts'

type Chains = Map<string, string[]>
type Tables = Map<IptablesTable, Chains>

/** Tables of iptables that are as strict as the real ones about what exists and what is in use. */
export interface IptablesModel {
  ruleset(): IptablesRuleset
  /** One transaction; throws, and changes nothing, where iptables-restore would refuse. */
  restore(family: TableFamily, text: string): void
  apply(step: RestoreStep): void
}

const BUILTIN = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']
/** Rules of another program; whatever nodelb does, they stay in their order. */
const FOREIGN = '-s 198.18.0.0/15 -j RETURN'

export function iptablesModel(): IptablesModel {
  const families: Record<TableFamily, Tables> = { ip: empty(), ip6: empty() }

  const restore = (family: TableFamily, text: string): void => {
    const lines = text.trimEnd().split('\n')
    const table = (lines.shift() ?? '').slice(1) as IptablesTable
    if (lines.pop() !== 'COMMIT') throw new Error('no COMMIT')
    const old = families[family].get(table)
    if (old === undefined) throw new Error(`no table ${table}`)
    const chains: Chains = new Map([...old].map(([name, rules]) => [name, [...rules]]))
    const named = new Set<string>()
    for (const line of lines) take(chains, named, line)
    check(chains)
    families[family].set(table, chains)
  }

  return {
    ruleset: () => ({ ...own('ip', families.ip), ...own('ip6', families.ip6) }),
    restore,
    apply: (step) => restore(step.family, [...printStep(step)].join('')),
  }
}

function empty(): Tables {
  return new Map(IPTABLES_TABLES.map((t) => [t, new Map(BUILTIN.map((name) => [name, [FOREIGN]]))]))
}

function take(chains: Chains, named: Set<string>, line: string): void {
  const [, declared] = /^:(\S+) - \[0:0\]$/.exec(line) ?? []
  if (declared !== undefined) {
    if (named.has(declared)) throw new Error(`twice: ${line}`)
    named.add(declared)
    chains.set(declared, [])
    return
  }
  const [, verb, name = '', rule = ''] = /^-([AIDX]) (\S+) ?(.*)$/.exec(line) ?? []
  const rules = chains.get(name)
  if (rules === undefined) throw new Error(`no chain: ${line}`)
  if (verb === 'A') rules.push(rule)
  else if (verb === 'I') rules.unshift(rule)
  else if (verb === 'D') {
    if (!rules.includes(rule)) throw new Error(`no rule: ${line}`)
    rules.splice(rules.indexOf(rule), 1)
  } else if (verb === 'X') {
    if (rules.length > 0 || isReferred(chains, name)) throw new Error(`in use: ${line}`)
    chains.delete(name)
  } else throw new Error(`what is: ${line}`)
}

function isReferred(chains: Chains, name: string): boolean {
  return [...chains.values()].some((rules) => rules.some((rule) => targetOf(rule) === name))
}

/** The chain of nodelb that a rule leads to. */
function targetOf(rule: string): string | undefined {
  return / -?[jg] (NODELB-\S+)$/.exec(` ${rule}`)?.[1]
}

function check(chains: Chains): void {
  for (const rules of chains.values()) {
    for (const rule of rules) {
      const target = targetOf(rule)
      if (target !== undefined && !chains.has(target)) throw new Error(`leads nowhere: ${rule}`)
    }
  }
  for (const name of BUILTIN) {
    if (chains.get(name)?.at(-1) !== FOREIGN) throw new Error(`others are disturbed in ${name}`)
  }
}

function own(family: TableFamily, tables: Tables): IptablesRuleset {
  const found = new Map<IptablesTable, IptablesChains>()
  for (const [table, all] of tables) {
    const chains = [...all].filter(([name]) => name.startsWith('NODELB-'))
    const jumps = BUILTIN.map((name) => [name, (all.get(name) ?? []).slice(0, -1)] as const)
    if (chains.length > 0) {
      found.set(table, {
        chains: new Map(chains),
        jumps: new Map(jumps.filter(([, rules]) => rules.length > 0)),
      })
    }
  }
  return found.size === 0 ? {} : { [family]: found }
}

/** What tells packets apart in the chains that nodelb dispatches by. */
export interface ModelPacket {
  readonly from: string
  readonly to: string
  readonly protocol: string
  readonly port: number
}

/** The first packet to an element's key, `10.96.0.10 . tcp . 80`. */
export function packetsOf(key: string, from = '198.51.100.7'): ModelPacket {
  const [to = '', protocol = '', port = ''] = key.split(' . ')
  return { from, to, protocol, port: Number(port) }
}

/** The rule that ends a packet's walk: one whose target is no chain of these. */
export function ruleFor(
  chains: ReadonlyMap<string, readonly string[]>,
  name: string,
  packet: ModelPacket,
): string | undefined {
  for (const rule of chains.get(name) ?? []) {
    if (!matches(rule, packet)) continue
    const [, verb, target = ''] = / ?-([jg]) (\S+)/.exec(rule) ?? []
    if (!chains.has(target)) return rule
    const below = ruleFor(chains, target, packet)
    if (below !== undefined || verb === 'g') return below
  }
  return undefined
}

function matches(rule: string, { from, to, protocol, port }: ModelPacket): boolean {
  const [, source] = /-s (\S+)/.exec(rule) ?? []
  const [, destination] = /-d (\S+)/.exec(rule) ?? []
  const [, wanted = protocol] = /-p (\S+)/.exec(rule) ?? []
  const [, first = '0', last = first === '0' ? '65535' : first] =
    /--dport (\d+)(?::(\d+))?/.exec(rule) ?? []
  return (
    (source === undefined || cidrContains(source as Cidr, from as Address)) &&
    (destination === undefined || cidrContains(destination as Cidr, to as Address)) &&
    wanted === protocol &&
    port >= Number(first) &&
    port <= Number(last)
  )
}
