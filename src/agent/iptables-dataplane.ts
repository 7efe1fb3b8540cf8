import { cleanIptables, type IptablesCleanup } from '../apply/iptables/cleanup.ts'
import type { Obstacle } from '../apply/iptables/failure.ts'
import { chooseFlavour } from '../apply/iptables/flavour.ts'
import { legacyHoldsOurs } from '../apply/iptables/legacy-tables.ts'
import {
  FLAVOURS,
  type Flavour,
  type FlavourPrograms,
  findPrograms,
} from '../apply/iptables/programs.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { iptablesOperationCount, shownIptables } from '../plan/iptables-explain.ts'
import type { TableChange } from '../ruleset/iptables.ts'
import type { Dataplane, Goal, Programmed, Proposed } from './dataplane.ts'
import { compareTables, refusedRule } from './iptables-compare.ts'
import { desiredChains, programIptables } from './iptables-program.ts'
import type { IptablesRenderer } from './iptables-renderer.ts'
import { startIptablesSession } from './iptables-session.ts'
import { type Failed, failed } from './outcome.ts'
import type { SessionOptions, Started } from './session.ts'

/** Chains of iptables, of the flavour that the host uses or the settings name. */
export class IptablesDataplane implements Dataplane {
  async propose(goal: Goal): Promise<Proposed | Failed> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return chosen
    const desired = await desiredChains(chosen.programs, goal)
    if (desired.kind === 'failed') return desired
    const { renderer } = desired
    const found = await compareTables({ programs: chosen.programs, renderer })
    return found.kind === 'failed' ? found : proposedChains(found.changes, renderer)
  }

  async program(goal: Goal): Promise<Programmed> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return chosen
    const outcome = await programIptables(chosen.programs, goal)
    if (outcome.kind === 'failed') return outcome
    await chosen.retire()
    return { ...outcome, flavour: chosen.flavour }
  }

  async start(goal: Goal, options: SessionOptions): Promise<Started> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return { kind: 'failed', outcome: chosen }
    const started = await startIptablesSession(chosen.programs, goal, options)
    if (started.kind !== 'started') return started
    await chosen.retire()
    return { ...started, flavour: chosen.flavour }
  }
}

/** Changes as all backends show theirs. */
export function proposedChains(
  changes: readonly TableChange[],
  renderer: IptablesRenderer,
): Proposed {
  const { lowering } = renderer
  return {
    kind: 'proposed',
    operations: shownIptables(changes, (family, chain) => lowering.labelOf(family, chain)),
    count: iptablesOperationCount(changes),
    conflicts: renderer.conflicts(),
    situation: renderer.situation,
  }
}

type Chosen =
  | {
      readonly kind: 'chosen'
      readonly programs: FlavourPrograms
      /** With the reason. */
      readonly flavour: string
      /** Removes what nodelb has in the other flavour; what fails is tried again at the next start. */
      readonly retire: () => Promise<void>
    }
  | Failed

async function choose({ settings }: Goal): Promise<Chosen> {
  const choice = await chooseFlavour(settings.iptables?.flavour ?? 'auto')
  if (choice.kind === 'unavailable') return failed(choice.reason)
  const { programs, reason, leftover } = choice
  const retire = async (): Promise<void> => {
    if (leftover !== undefined) await cleanIptables(leftover)
  }
  return { kind: 'chosen', programs, flavour: `${programs.flavour}: ${reason}`, retire }
}

/**
 * Removes nodelb's chains of both flavours; a program that is missing has left none. Rejects with
 * NetlinkError where something stays.
 */
export async function removeChains(): Promise<readonly string[]> {
  const removed: string[] = []
  for (const flavour of FLAVOURS) {
    const programs = await findPrograms(flavour)
    if (programs.families.ip.kind === 'missing') continue
    const cleaned = await cleanIptables(programs)
    if (cleaned.kind === 'unreadable' && isOfOthers(cleaned.obstacle, flavour)) continue
    const reason = leftBecause(cleaned)
    if (reason !== undefined) throw new NetlinkError('EBUSY', 'cleanup', { explanation: reason })
    if (cleaned.kind !== 'tried') continue
    const chains = Object.values(cleaned.removed)
      .flatMap((family) => [...family.values()])
      .reduce((sum, table) => sum + table.chains.size, 0)
    removed.push(`${chains} chain${chains === 1 ? '' : 's'} of iptables (${flavour})`)
  }
  return removed
}

/** What only nft can read, nodelb's programs did not write; where it may not read, it can look. */
function isOfOthers({ kind }: Obstacle, flavour: Flavour): boolean {
  if (kind === 'unsupported') return true
  if (kind !== 'not-permitted' || flavour !== 'legacy') return false
  return !legacyHoldsOurs('ip') && !legacyHoldsOurs('ip6')
}

function leftBecause(cleaned: IptablesCleanup): string | undefined {
  if (cleaned.kind === 'nothing') return undefined
  if (cleaned.kind === 'unreadable') return cleaned.obstacle.reason
  const { outcome } = cleaned
  if (outcome.kind === 'committed') return undefined
  if (outcome.kind === 'unable') return outcome.obstacle.reason
  return outcome.failures.map(refusedRule).join('; ')
}
