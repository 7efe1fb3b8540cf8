import type { Goal, Proposed } from '../agent/dataplane.ts'
import { proposed } from '../agent/nftables-dataplane.ts'
import { desiredFor } from '../agent/program.ts'
import { owners } from '../plan/owners.ts'
import { plan } from '../plan/plan.ts'
import { renderCluster } from '../render/render.ts'
import { printRule } from '../ruleset/print.ts'
import type { KernelRuleset, KernelTable, Ruleset, Table } from '../ruleset/types.ts'

/** What `diff` shows on a node that holds just what `old` calls for; asks no kernel. */
export function difference(old: Goal, goal: Goal): Proposed {
  const held = asHeld(renderCluster(old.cluster, old.node, old.settings).ruleset())
  const { renderer, desired } = desiredFor(held, goal)
  return proposed({ plan: plan(held, desired), ownerOf: owners(held, desired), renderer })
}

/** A rule set as if a kernel held it. */
function asHeld(ruleset: Ruleset): KernelRuleset {
  const ip = ruleset.ip && heldTable(ruleset.ip)
  const ip6 = ruleset.ip6 && heldTable(ruleset.ip6)
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

function heldTable(table: Table): KernelTable {
  const chains = [...table.chains.values()].map(
    (chain) =>
      [
        chain.name,
        {
          ...chain,
          rules: chain.rules.map((rule, at) => ({
            handle: BigInt(at + 1),
            text: printRule(table.family, rule),
          })),
        },
      ] as const,
  )
  return { ...table, chains: new Map(chains) }
}
