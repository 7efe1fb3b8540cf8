import { findKubeProxy } from '../apply/nftables/kube-proxy.ts'
import { checkMachine } from '../dataplane/machine.ts'
import { isOfKernel } from '../dataplane/outcome.ts'
import { askOnce } from '../dataplane/reopening-socket.ts'
import type { Session } from '../dataplane/session.ts'
import type { Situation } from '../model/node.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { demandOf } from '../plan/demand.ts'
import { type Demand, MACHINE_CONDITIONS, printFinding } from '../plan/preflight.ts'
import type { HealthChecks } from '../report/health-checks/health-check.ts'
import {
  healthCheckAddresses,
  ownAddresses,
} from '../report/health-checks/health-check-addresses.ts'
import type { Telemetry } from '../report/telemetry.ts'
import { Retry } from '../telemetry/retry.ts'
import type { ObjectStore } from '../watch/object-store.ts'
import { inBackground, type OnFailure } from './background.ts'
import { ListenerWatch } from './listener-watch.ts'

interface SurroundingsParts {
  readonly telemetry: Telemetry
  readonly healthChecks: HealthChecks
  /** Has all objects, whose addresses and ports matter here. */
  readonly store: ObjectStore
  readonly bug: OnFailure
}

/** The waits before another look after one that failed. */
const AGAIN: RetryPolicy = { first: 5_000, most: 300_000, factor: 2, jitter: 0.5 }

/**
 * Watches what can change on the node without an event: its addresses, kube-proxy's tables, the
 * machine's settings, and who listens on which port.
 */
export class Surroundings {
  readonly #parts: SurroundingsParts
  readonly #again: Retry = new Retry(new Waits(AGAIN), () => this.look(this.#session))
  readonly listeners: ListenerWatch
  #session: Session | undefined

  constructor(parts: SurroundingsParts) {
    const { store, telemetry, bug } = parts
    this.#parts = parts
    this.listeners = new ListenerWatch({ store, tell: telemetry.tell, bug })
  }

  /**
   * Looks in the background; `session` is the one that programs the node, undefined if there is none
   * yet.
   */
  look(session: Session | undefined): void {
    this.#session = session
    if (session === undefined) return
    inBackground(
      () => this.#look(session),
      (error) => {
        if (!isOfKernel(error)) this.#parts.bug(error)
        this.#again.later()
      },
    )
  }

  /** Ends further looks; one under way goes on. */
  close(): void {
    this.#again.reset()
    this.listeners.close()
    this.#session = undefined
  }

  async #look(session: Session): Promise<void> {
    const { situation } = session.renderer
    const { node, settings } = situation
    const { healthChecks, telemetry, store } = this.#parts
    const addresses = healthCheckAddresses(settings.nodePortAddresses, node, ownAddresses())
    healthChecks.listenOn(addresses)
    await this.#lookForKubeProxy(settings)
    await tellMachine(demandOf(situation, store.cluster()), telemetry.tell)
    // It was ended meanwhile, or another session has begun.
    if (this.#session !== session) return
    await this.listeners.look(session)
    this.#again.reset()
  }

  /**
   * Reports tables of kube-proxy: if both balance the same addresses, the one whose hook comes
   * first wins.
   */
  async #lookForKubeProxy({ scope }: Situation['settings']): Promise<void> {
    const { telemetry } = this.#parts
    const found = await askOnce(findKubeProxy)
    if (found === undefined) return
    const tables = scope === 'all' ? found : []
    if (tables.length > 0) telemetry.tell({ event: 'kube-proxy-present', tables })
    else telemetry.tell({ event: 'kube-proxy-gone' })
  }
}

/** Reports each condition of the machine, or that it is over. */
async function tellMachine(demand: Demand, tell: Telemetry['tell']): Promise<void> {
  const findings = await checkMachine(demand)
  if (findings === undefined) return
  for (const condition of MACHINE_CONDITIONS) {
    const messages = findings.filter((it) => it.condition === condition).map(printFinding)
    if (messages.length === 0) tell({ event: 'condition-gone', condition })
    else tell({ event: 'condition-found', condition, messages })
  }
}
