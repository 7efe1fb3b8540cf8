import { cleanIptables, type IptablesCleanup } from '../apply/iptables/cleanup.ts'
import { chooseFlavour } from '../apply/iptables/flavour.ts'
import { FLAVOURS, type FlavourPrograms, findPrograms } from '../apply/iptables/programs.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { iptablesOperationCount, shownIptables } from '../plan/iptables-explain.ts'
import type { Dataplane, Goal, Programmed, Proposed } from './dataplane.ts'
import { compareTables, refusedRule } from './iptables-compare.ts'
import { desiredChains, programIptables } from './iptables-program.ts'
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
    const { lowering } = renderer
    const found = await compareTables({ programs: chosen.programs, lowering })
    if (found.kind === 'failed') return found
    return {
      kind: 'proposed',
      operations: shownIptables(found.changes, (family, chain) => lowering.labelOf(family, chain)),
      count: iptablesOperationCount(found.changes),
      conflicts: renderer.conflicts(),
    }
  }

  async program(goal: Goal): Promise<Programmed> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return chosen
    const outcome = await programIptables(chosen.programs, goal)
    if (outcome.kind === 'committed') await chosen.retire()
    return outcome
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
    // What only nft can read, nodelb's programs did not write.
    if (cleaned.kind === 'unreadable' && cleaned.obstacle.kind === 'unsupported') continue
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

function leftBecause(cleaned: IptablesCleanup): string | undefined {
  if (cleaned.kind === 'nothing') return undefined
  if (cleaned.kind === 'unreadable') return cleaned.obstacle.reason
  const { outcome } = cleaned
  if (outcome.kind === 'committed') return undefined
  if (outcome.kind === 'unable') return outcome.obstacle.reason
  return outcome.failures.map(refusedRule).join('; ')
}
