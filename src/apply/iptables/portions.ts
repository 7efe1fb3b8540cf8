import type { RestoreStep } from '../../ruleset/iptables/print.ts'
import type { ChainName, IptablesRuleset, RuleText } from '../../ruleset/iptables/types.ts'

/**
 * iptables-nft-restore keeps the chains that it hears of in one list, and searches that from its
 * beginning for each line: 11,000 at once take five times as long as in portions. Measured with
 * 1.8.9: portions of 100 to 2,000 names do equally well.
 */
const PORTION = 1_000

type Chains = ReadonlyMap<ChainName, readonly RuleText[]>

/**
 * The same step in portions. New chains go first, those that others lead to before these: nothing
 * reaches them until one portion does all that changes what packets meet. Chains that nothing
 * leads to any more go last.
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

/** Chains never lead back to where they come from, in what nodelb makes. */
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

/** Where a rule leads to another chain, that stands last in it. */
function targets(rules: readonly RuleText[]): readonly ChainName[] {
  return rules.flatMap((rule) => /(?:^| )-[jg] (NODELB-\S+)$/.exec(rule)?.[1] ?? [])
}
