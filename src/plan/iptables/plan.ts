import type { TableFamily } from '../../model/family.ts'
import { mayStandBehind, OWN_CHAIN } from '../../ruleset/iptables/chains.ts'
import { changedChains } from '../../ruleset/iptables/compare.ts'
import type { Jump, RestoreStep } from '../../ruleset/iptables/print.ts'
import {
  type ChainChange,
  type ChainName,
  type DisplacedJumps,
  IPTABLES_TABLES,
  type IptablesRuleset,
  type RuleText,
  type TableChange,
} from '../../ruleset/iptables/types.ts'

/** Returns what differs, one change for each table; `displaced` jumps are moved to the front. */
export function compareIptables(
  current: IptablesRuleset,
  desired: IptablesRuleset,
  displaced: readonly DisplacedJumps[] = [],
): readonly TableChange[] {
  return FAMILIES.flatMap((family) =>
    IPTABLES_TABLES.flatMap((table) => {
      const before = current[family]?.get(table)
      const after = desired[family]?.get(table)
      const chains = changedChains(before?.chains ?? NONE, after?.chains ?? NONE)
      const moved = displaced.filter((place) => place.family === family && place.table === table)
      const jumps = new Map([
        ...moved.map(({ chain }) => [chain, unmoved(before?.jumps.get(chain))] as const),
        ...changedChains(before?.jumps ?? NONE, after?.jumps ?? NONE),
      ])
      return [{ family, table, chains, jumps }].filter(isSomething)
    }),
  )
}

function unmoved(rules: readonly RuleText[] | undefined): ChainChange {
  return { before: rules, after: rules }
}

/**
 * Returns the changes as transactions, to be done one after the other. Rules that guard or refuse
 * are added first and removed last. So no address that is restricted before or after is open in
 * between, and none is ever without both a refusal and endpoints, which would let its packets out
 * to wherever the routes lead.
 */
export function planChanges(changes: readonly TableChange[]): readonly RestoreStep[] {
  return FAMILIES.flatMap((family) => {
    const of = (table: TableChange['table']): readonly TableChange[] =>
      changes.filter((change) => change.family === family && change.table === table)
    const sources = of('mangle').map(inTwo)
    const refusals = of('filter').map(inTwo)
    return [
      ...sources.map(({ come }) => come),
      ...refusals.map(({ come }) => come),
      ...of('nat'),
      ...refusals.map(({ leave }) => leave),
      ...sources.map(({ leave }) => leave),
    ]
      .filter(isSomething)
      .map(stepOf)
  })
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
const NONE: ReadonlyMap<string, readonly RuleText[]> = new Map()

/** Splits a change: in between, rules that go still exist, behind those that stay. */
function inTwo(change: TableChange): Record<'come' | 'leave', TableChange> {
  const split = (
    changes: TableChange['chains'],
  ): Record<'first' | 'last', TableChange['chains']> => {
    const first = new Map<ChainName, ChainChange>()
    const last = new Map<ChainName, ChainChange>()
    for (const [name, { before, after }] of changes) {
      const between = after === undefined ? before : [...after, ...onlyBefore(before, after)]
      if (after !== undefined) first.set(name, { before, after: between })
      if (between?.length !== after?.length) last.set(name, { before: between, after })
    }
    return { first, last }
  }
  const { family, table } = change
  const chains = split(change.chains)
  const jumps = split(change.jumps)
  return {
    come: { family, table, chains: chains.first, jumps: jumps.first },
    leave: { family, table, chains: chains.last, jumps: jumps.last },
  }
}

/** Returns the rules that are to go: those of trees, and those that lead there. */
function onlyBefore(
  before: readonly RuleText[] | undefined,
  after: readonly RuleText[],
): readonly RuleText[] {
  return (before ?? []).filter((rule) => OF_TREES.test(rule) && !after.includes(rule))
}

const OF_TREES = new RegExp(` --comment |^-d \\S+ -j ACCEPT$|-[jg] ${OWN_CHAIN}\\S+$`)

function stepOf({ family, table, chains, jumps }: TableChange): RestoreStep {
  const jumpsOf = (when: keyof ChainChange): readonly Jump[] =>
    [...jumps].flatMap(([chain, change]) => moving(change, when).map((rule) => ({ chain, rule })))
  return {
    family,
    table,
    chains: new Map([...chains].flatMap(([name, { after }]) => (after ? [[name, after]] : []))),
    gone: [...chains].flatMap(([name, { after }]) => (after ? [] : [name])),
    jumps: { insert: jumpsOf('after'), delete: jumpsOf('before') },
  }
}

/**
 * Returns the rules of a built-in chain that a step deletes (`before`) or inserts (`after`): all
 * but those that may stay where they are, one of each.
 */
function moving({ before, after }: ChainChange, when: keyof ChainChange): readonly RuleText[] {
  const [these = [], those = []] = when === 'before' ? [before, after] : [after, before]
  const staying = those.filter(mayStandBehind)
  return these.filter((rule) => {
    const at = staying.indexOf(rule)
    if (at >= 0) staying.splice(at, 1)
    return at < 0
  })
}

function isSomething({ chains, jumps }: TableChange): boolean {
  return chains.size + jumps.size > 0
}
