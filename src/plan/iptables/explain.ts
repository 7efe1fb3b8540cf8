import { type Owner, ownerIn } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type {
  ChainChange,
  ChainName,
  IptablesTable,
  RuleText,
  TableChange,
} from '../../ruleset/iptables/types.ts'
import type { ExplainedOperation, ShownOperation } from '../explain.ts'

/** Returns the label (`namespace/name:port kind`) of the one VIP or node port of a chain. */
export type ChainLabel = (family: TableFamily, chain: ChainName) => string | undefined

/** Yields what changes, rule by rule, with the Service that owns a chain or a rule alone. */
export function* shownIptables(
  changes: readonly TableChange[],
  labelOf: ChainLabel,
): Iterable<ShownOperation> {
  const former = formerLabels(changes)
  for (const { family, table, chain, change } of eachChain(changes)) {
    const owner = labelOf(family, chain) ?? former.get(`${family} ${chain}`)
    for (const { rule, ...operation } of changedRules(change)) {
      yield {
        ...operation,
        text: `${PROGRAM[family]} -t ${table} -A ${chain} ${rule}`,
        family,
        owner: owner ?? labelIn(rule),
        about: 'shared chains',
      }
    }
  }
}

/** Returns how many operations `shownIptables` yields. */
export function iptablesOperationCount(changes: readonly TableChange[]): number {
  let count = 0
  for (const { change } of eachChain(changes)) count += [...changedRules(change)].length
  return count
}

/** Returns the Services that a refused chain may be about; without a chain, those of the table. */
export function servicesIn(
  changes: readonly TableChange[],
  labelOf: ChainLabel,
  refused: { readonly family: TableFamily; readonly table: IptablesTable; readonly chain?: string },
): ReadonlySet<Owner> {
  const mine = changes.filter(
    ({ family, table }) => family === refused.family && table === refused.table,
  )
  const names = new Set<Owner>()
  const former = formerLabels(mine)
  for (const { family, chain, change } of eachChain(mine)) {
    if (refused.chain !== undefined && refused.chain !== chain) continue
    const own = labelOf(family, chain) ?? former.get(`${family} ${chain}`)
    const labels =
      own === undefined ? [...changedRules(change)].map(({ rule }) => labelIn(rule)) : [own]
    for (const label of labels) if (label !== undefined) names.add(ownerIn(label))
  }
  return names
}

const PROGRAM: Readonly<Record<TableFamily, string>> = { ip: 'iptables', ip6: 'ip6tables' }

interface ChangedRule extends Pick<ExplainedOperation, 'sign'> {
  readonly kind: 'add-rule' | 'delete-rule' | 'move-rule'
  readonly rule: RuleText
}

/** Yields rules that go, then those that come; if there are none, the new order of the rules. */
function* changedRules({ before = [], after = [] }: ChainChange): Iterable<ChangedRule> {
  const [old, now] = [new Set(before), new Set(after)]
  const gone = before.filter((rule) => !now.has(rule))
  const fresh = after.filter((rule) => !old.has(rule))
  for (const rule of gone) yield { kind: 'delete-rule', sign: '-', rule }
  for (const rule of fresh) yield { kind: 'add-rule', sign: '+', rule }
  if (gone.length + fresh.length > 0) return
  for (const rule of after) yield { kind: 'move-rule', sign: '~', rule }
}

function* eachChain(changes: readonly TableChange[]): Iterable<{
  readonly family: TableFamily
  readonly table: IptablesTable
  readonly chain: ChainName
  readonly change: ChainChange
}> {
  for (const { family, table, chains, jumps } of changes) {
    for (const [chain, change] of chains) yield { family, table, chain, change }
    for (const [chain, change] of jumps) yield { family, table, chain, change }
  }
}

/** Returns labels of chains by the comments of rules that led there, for chains that go. */
function formerLabels(changes: readonly TableChange[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const { family, change } of eachChain(changes)) {
    for (const rule of change.before ?? []) {
      const [, target] = / -[gj] (\S+)$/.exec(rule) ?? []
      const label = labelIn(rule)
      if (target !== undefined && label !== undefined) labels.set(`${family} ${target}`, label)
    }
  }
  return labels
}

function labelIn(rule: RuleText): string | undefined {
  return / --comment "([^"\\]*)"/.exec(rule)?.[1]
}
