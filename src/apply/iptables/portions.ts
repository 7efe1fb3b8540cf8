import type { RestoreStep } from '../../ruleset/iptables/print.ts'
import type { ChainName, IptablesRuleset, RuleText } from '../../ruleset/iptables/types.ts'

/**
 * Names per portion. iptables-nft-restore keeps the chains of its input in one list, which it
 * searches from the beginning for each line: 11,000 at once take five times as long as in portions.
 * With 1.8.9, portions of 100 to 2,000 names were measured to be equally fast.
 */
const PORTION = 1_000

type Chains = ReadonlyMap<ChainName, readonly RuleText[]>

/**
 * Splits a step into portions. New chains come first, each after the chains that it leads to:
 * nothing reaches them until one portion makes all changes that packets meet. Chains to be deleted
 * come last, when nothing leads to them any more.
 */
export function inPortions(
  step: RestoreStep,
  held: IptablesRuleset,
  size: number = PORTION,
): readonly RestoreStep[] {
  if (step.chains.size + step.gone.length < size) return [step]
  const there = held[step.family]?.get(step.table)?.chains ?? new Map()
  const fresh = new Map([...step.chains].filter(([name]) => !there.has(name)))
  const changed = new Map([...step.chains].filter(([name]) => there.has(name)))
  const leaving = new Map(step.gone.map((name) => [name, there.get(name) ?? []]))
  const { family, table, jumps } = step
  const alone = { family, table, jumps: { insert: [], delete: [] } }
  return [
    ...gather(targetsFirst(fresh), size).map((chains) => ({ ...alone, chains, gone: [] })),
    { family, table, chains: changed, gone: [], jumps },
    ...gather(targetsFirst(leaving).reverse(), size).map((chains) => ({
      ...alone,
      chains: new Map(),
      gone: [...chains.keys()],
    })),
  ].filter(isSomething)
}

function isSomething({ chains, gone, jumps }: RestoreStep): boolean {
  return chains.size + gone.length + jumps.insert.length + jumps.delete.length > 0
}

function gather(
  chains: readonly (readonly [ChainName, readonly RuleText[]])[],
  size: number,
): readonly Chains[] {
  const portions: Map<ChainName, readonly RuleText[]>[] = []
  let names = size
  for (const [name, rules] of chains) {
    const added = 1 + targets(rules).length
    if (names + added > size) {
      portions.push(new Map())
      names = 0
    }
    names += added
    portions.at(-1)?.set(name, rules)
  }
  return portions
}

/** Returns each chain after its targets; nodelb makes no loops of chains. */
function targetsFirst(chains: Chains): [ChainName, readonly RuleText[]][] {
  const ordered = new Map<ChainName, readonly RuleText[]>()
  const met = new Set<ChainName>()
  const place = (name: ChainName): void => {
    const rules = chains.get(name)
    if (rules === undefined || met.has(name)) return
    met.add(name)
    for (const target of targets(rules)) place(target)
    ordered.set(name, rules)
  }
  for (const name of chains.keys()) place(name)
  return [...ordered]
}

/** Returns the chains that rules lead to; the target is the last part of a rule. */
function targets(rules: readonly RuleText[]): readonly ChainName[] {
  return rules.flatMap((rule) => /(?:^| )-[jg] (NODELB-\S+)$/.exec(rule)?.[1] ?? [])
}
