import type { ChainChange, RuleText } from './types.ts'

type Chains = ReadonlyMap<string, readonly RuleText[]>

/** Returns the chains (or jumps) that differ. */
export function changedChains(before: Chains, after: Chains): ReadonlyMap<string, ChainChange> {
  const changed = new Map<string, ChainChange>()
  for (const [name, rules] of before) {
    const now = after.get(name)
    if (now === undefined || !sameRules(rules, now))
      changed.set(name, { before: rules, after: now })
  }
  for (const [name, rules] of after) {
    if (!before.has(name)) changed.set(name, { before: undefined, after: rules })
  }
  return changed
}

/** Returns whether two chains have the same rules in the same order. */
export function sameRules(a: readonly RuleText[], b: readonly RuleText[]): boolean {
  return a.length === b.length && a.every((rule, at) => rule === b[at])
}
