import { shown } from '../../plan/nftables/explain.ts'
import { frontendsInTables } from '../../plan/nftables/held-frontends.ts'
import { operationCount, type Plan } from '../../plan/nftables/operation.ts'
import type { OwnerOf } from '../../plan/nftables/owners.ts'
import type { Renderer } from '../../render/renderer.ts'
import type { KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'
import { holdingTables } from '../claims.ts'
import type { Dataplane, Goal, Programmed, Proposed } from '../dataplane.ts'
import type { ReopeningSocket } from '../reopening-socket.ts'
import type { SessionOptions, Started } from '../session.ts'
import { program, propose } from './program.ts'
import { startSession } from './start-session.ts'

/** Programs one flat table for each family, over netlink. */
export class NftablesDataplane implements Dataplane {
  readonly #socket: ReopeningSocket
  readonly #before: () => Promise<void>

  /** `before` is called before the tables are programmed or a session starts. */
  constructor(socket: ReopeningSocket, before: () => Promise<void> = async () => undefined) {
    this.#socket = socket
    this.#before = before
  }

  async propose(goal: Goal): Promise<Proposed> {
    return proposed(await propose(this.#socket.open(), goal))
  }

  async program(goal: Goal): Promise<Programmed> {
    await this.#before()
    const outcome = await program(this.#socket.open(), goal)
    if (outcome.kind === 'failed') return outcome
    const { proposal, ...committed } = outcome
    const { renderer } = proposal
    const { situation } = renderer
    const holds = holdingTables()
    const [services, denials] = [renderer.services(), renderer.denials()]
    return { ...committed, holds, services, denials, situation }
  }

  async start(goal: Goal, options: SessionOptions): Promise<Started> {
    await this.#before()
    return startSession(await this.#socket.working(), goal, options)
  }
}

/** Returns a plan in the form that all backends share. */
export function proposed({
  plan,
  ownerOf,
  renderer,
  kernel,
  desired,
}: {
  readonly plan: Plan
  readonly ownerOf: OwnerOf
  readonly renderer: Renderer
  readonly kernel: KernelRuleset
  readonly desired: Ruleset
}): Proposed {
  return {
    kind: 'proposed',
    operations: shown(plan, ownerOf),
    count: operationCount(plan),
    frontends: () => ({ before: frontendsInTables(kernel), after: frontendsInTables(desired) }),
    situation: renderer.situation,
    denials: renderer.denials(),
  }
}
