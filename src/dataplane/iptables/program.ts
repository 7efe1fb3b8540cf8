import { inSteps } from '../../apply/in-steps.ts'
import type { FlavourPrograms } from '../../apply/iptables/programs.ts'
import { readIptables } from '../../apply/iptables/read.ts'
import { ChainRenderer } from '../../exempt/chain-renderer.ts'
import { mayExempt, unreadableAmong } from '../../exempt/unreadable.ts'
import type { Steps } from '../../model/steps.ts'
import { iptablesOperationCount } from '../../plan/iptables/explain.ts'
import { servicesIn } from '../../render/iptables/exempt-services.ts'
import { renderChainsInSteps } from '../../render/iptables/render.ts'
import { heldInChains, mayRecall, recall } from '../../render/nftables/recall.ts'
import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import { holdingChains } from '../claims.ts'
import type { Goal, Programmed } from '../dataplane.ts'
import { type Failed, failed } from '../outcome.ts'
import { compareAndCommit } from './compare.ts'

/**
 * Renders a goal; exempt Services stay as the tables hold them. Fails if the tables are needed for
 * that and cannot be read.
 */
export async function desiredChains(
  programs: FlavourPrograms,
  goal: Goal,
): Promise<{ readonly kind: 'rendered'; readonly renderer: ChainRenderer } | Failed> {
  if (!mayExempt(goal) && !mayRecall(goal)) {
    return { kind: 'rendered', renderer: await inSteps(chainsOver({}, goal)) }
  }
  const state = await readIptables(programs)
  if (state.kind === 'unreadable') return failed(state.obstacle.reason)
  return { kind: 'rendered', renderer: await inSteps(chainsOver(state.ruleset, goal)) }
}

/** Renders what the tables, which are now as in `held`, have to become. */
export function* chainsOver(held: IptablesRuleset, goal: Goal): Steps<ChainRenderer> {
  const { cluster, node, settings } = recall(goal, heldInChains(held))
  const chains = yield* renderChainsInSteps(cluster, node, settings)
  const unreadable = unreadableAmong(servicesIn(held), goal)
  if (unreadable.size > 0) chains.lowering.exempt(held, unreadable)
  return new ChainRenderer(chains)
}

/** Reads, plans and commits until the tables hold what the goal calls for. */
export async function programIptables(programs: FlavourPrograms, goal: Goal): Promise<Programmed> {
  const desired = await desiredChains(programs, goal)
  if (desired.kind === 'failed') return desired
  const { renderer } = desired
  const outcome = await compareAndCommit({ programs, renderer, around: (_, commit) => commit() })
  if (outcome.kind === 'failed') return outcome
  return {
    kind: 'committed',
    operations: iptablesOperationCount(outcome.changes),
    bytes: outcome.bytes,
    services: renderer.services(),
    refusals: outcome.refusals,
    situation: renderer.situation,
    holds: holdingChains(programs.flavour),
    denials: renderer.denials(),
  }
}
