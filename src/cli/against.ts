import { desiredFor, type Goal } from '../agent/program.ts'
import type { Plan } from '../plan/operation.ts'
import { type OwnerOf, owners } from '../plan/owners.ts'
import { plan } from '../plan/plan.ts'
import { renderCluster } from '../render/render.ts'
import type { Renderer } from '../render/renderer.ts'
import { printRule } from '../ruleset/print.ts'
import type { KernelRuleset, KernelTable, Ruleset, Table } from '../ruleset/types.ts'

/** What changes on a node between two sets of objects. */
export interface Difference {
  readonly plan: Plan
  readonly ownerOf: OwnerOf
  readonly renderer: Renderer
}

/** What `diff` shows on a node that holds just what `old` calls for; asks no kernel. */
export function difference(old: Goal, goal: Goal): Difference {
  const held = asHeld(renderCluster(old.cluster, old.node, old.settings).ruleset())
  const { renderer, desired } = desiredFor(held, goal)
  return { plan: plan(held, desired), ownerOf: owners(held, desired), renderer }
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
