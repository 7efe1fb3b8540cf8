import type { BackendKind } from '../model/backend.ts'
import { allAtOnce } from '../model/steps.ts'
import { compareIptables } from '../plan/iptables/plan.ts'
import { owners } from '../plan/nftables/owners.ts'
import { plan } from '../plan/nftables/plan.ts'
import { renderCluster } from '../render/render.ts'
import { printRule } from '../ruleset/nftables/print.ts'
import type { KernelRuleset, KernelTable, Ruleset, Table } from '../ruleset/nftables/types.ts'
import type { Goal, Proposed } from './dataplane.ts'
import { proposedChains } from './iptables/dataplane.ts'
import { chainsOver } from './iptables/program.ts'
import { proposeBeside } from './ipvs/dataplane.ts'
import { proposed } from './nftables/dataplane.ts'
import { desiredFor } from './nftables/program.ts'

/**
 * Returns what `diff` shows on a node that holds exactly what `old` calls for, without asking the
 * kernel. Where the kernel would decide the backend, nftables is assumed.
 */
export function difference(old: Goal, goal: Goal): Proposed {
  return DIFFERENCES[goal.settings.backend.kind](old, goal)
}

const DIFFERENCES: Readonly<Record<BackendKind, (old: Goal, goal: Goal) => Proposed>> = {
  nftables: differentTables,
  iptables: differentChains,
  ipvs: differentServers,
}

function differentTables({ cluster, node, settings }: Goal, goal: Goal): Proposed {
  const held = asHeld(renderCluster(cluster, node, settings).ruleset())
  const { renderer, desired } = desiredFor(held, goal)
  const ownerOf = owners(held, desired)
  return proposed({ plan: plan(held, desired), ownerOf, renderer, kernel: held, desired })
}

function differentChains(old: Goal, goal: Goal): Proposed {
  const held = allAtOnce(chainsOver({}, old)).lowering.rules()
  const renderer = allAtOnce(chainsOver(held, goal))
  const desired = renderer.lowering.rules()
  return proposedChains({ held, desired, changes: compareIptables(held, desired) }, renderer)
}

/** Assumes a node whose other interfaces are unknown. */
function differentServers(old: Goal, goal: Goal): Proposed {
  const rules = renderCluster(old.cluster, old.node, old.settings).ipvs()
  if (rules === undefined) return differentTables(old, goal)
  const { filter, servers, addresses, timeouts } = rules
  const ipvs = { servers, addresses, timeouts, dummy: addresses.size > 0 }
  const found = { ipvs, unmarked: false, localAddresses: [] }
  const tables = asHeld(filter)
  return proposeBeside(goal, tables, found, { named: () => tables, sysctls: () => [] })
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
