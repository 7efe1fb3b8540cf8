import { chooseFlavour } from '../../apply/iptables/flavour.ts'
import type { FlavourPrograms } from '../../apply/iptables/programs.ts'
import type { ChainRenderer } from '../../exempt/chain-renderer.ts'
import { iptablesOperationCount, shownIptables } from '../../plan/iptables/explain.ts'
import { frontendsInChains } from '../../render/iptables/held-frontends.ts'
import type { Dataplane, Goal, Programmed, Proposed } from '../dataplane.ts'
import { type Failed, failed } from '../outcome.ts'
import type { SessionOptions, Started } from '../session.ts'
import { type Comparison, compareTables } from './compare.ts'
import { desiredChains, programIptables } from './program.ts'
import { startIptablesSession } from './session.ts'

/** Programs chains of iptables, in the flavour that the host uses or the settings name. */
export class IptablesDataplane implements Dataplane {
  async propose(goal: Goal): Promise<Proposed | Failed> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return chosen
    const desired = await desiredChains(chosen.programs, goal)
    if (desired.kind === 'failed') return desired
    const { renderer } = desired
    const found = await compareTables({ programs: chosen.programs, renderer })
    return found.kind === 'failed' ? found : proposedChains(found, renderer)
  }

  async program(goal: Goal): Promise<Programmed> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return chosen
    const outcome = await programIptables(chosen.programs, goal)
    if (outcome.kind === 'failed') return outcome
    return { ...outcome, flavour: chosen.flavour }
  }

  async start(goal: Goal, options: SessionOptions): Promise<Started> {
    const chosen = await choose(goal)
    if (chosen.kind === 'failed') return { kind: 'failed', outcome: chosen }
    const started = await startIptablesSession(chosen.programs, goal, options)
    return started.kind === 'started' ? { ...started, flavour: chosen.flavour } : started
  }
}

/** Returns the changes in the form that all backends share. */
export function proposedChains(
  { held, desired, changes }: Omit<Comparison, 'kind'>,
  renderer: ChainRenderer,
): Proposed {
  const { lowering } = renderer
  return {
    kind: 'proposed',
    operations: shownIptables(changes, (family, chain) => lowering.labelOf(family, chain)),
    count: iptablesOperationCount(changes),
    frontends: () => {
      return { before: frontendsInChains(held), after: frontendsInChains(desired) }
    },
    situation: renderer.situation,
    denials: renderer.denials(),
  }
}

type Chosen =
  | {
      readonly kind: 'chosen'
      readonly programs: FlavourPrograms
      /** The flavour and why it was chosen. */
      readonly flavour: string
    }
  | Failed

async function choose({ settings: { backend } }: Goal): Promise<Chosen> {
  const choice = await chooseFlavour(backend.kind === 'iptables' ? backend.flavour : 'auto')
  if (choice.kind === 'unavailable') return failed(choice.reason)
  const { programs, reason } = choice
  return { kind: 'chosen', programs, flavour: `${programs.flavour}: ${reason}` }
}
