import type { Chain, Statement } from '../../ruleset/nftables/types.ts'

/**
 * Drops rules whose sets or chains are missing, then chains without rules, until nothing is
 * missing. `names` are those of the sets that exist, and of the chains that their elements lead to.
 */
export function prune(
  chains: readonly Chain[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, Chain> {
  let kept = reachable(new Map(chains.map((each) => [each.name, each])), names)
  for (;;) {
    const next = new Map<string, Chain>()
    let same = true
    for (const each of kept.values()) {
      const rules = each.rules.filter((r) => r.statements.every((s) => stands(s, names, kept)))
      if (rules.length !== each.rules.length) same = false
      if (rules.length > 0) next.set(each.name, { ...each, rules })
    }
    const used = reachable(next, names)
    if (same && used.size === kept.size) return used
    kept = used
  }
}

/** Returns the base chains, the chains of those names, and all that they lead to. */
function reachable(
  chains: ReadonlyMap<string, Chain>,
  names: ReadonlySet<string>,
): Map<string, Chain> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const { statements } of chains.get(name)?.rules ?? []) {
      for (const each of statements) {
        if (each.kind === 'jump' || each.kind === 'goto') visit(each.chain)
      }
    }
  }
  for (const { name, base } of chains.values()) {
    if (base !== undefined || names.has(name)) visit(name)
  }
  return new Map([...chains].filter(([name]) => found.has(name)))
}

function stands(
  statement: Statement,
  sets: ReadonlySet<string>,
  chains: ReadonlyMap<string, Chain>,
): boolean {
  switch (statement.kind) {
    case 'in-set':
    case 'remember':
    case 'forget':
      return sets.has(statement.set)
    case 'dnat':
    case 'verdict-map':
      return sets.has(statement.map)
    case 'jump':
    case 'goto':
      return chains.has(statement.chain)
    default:
      return true
  }
}
