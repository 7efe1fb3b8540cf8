import { isOfKernel } from '../dataplane/outcome.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import type { Cluster } from '../model/service.ts'
import type { Situation } from '../render/nftables/recall.ts'
import { Retry } from '../telemetry/retry.ts'
import { inBackground, type OnFailure } from './background.ts'
import type { Telemetry } from './events/telemetry.ts'
import type { HealthChecks } from './health-check.ts'
import { healthCheckAddresses, ownAddresses } from './health-check-addresses.ts'
import { kubeProxyTables } from './kube-proxy-tables.ts'
import { demandOf, tellMachine } from './machine-check.ts'

interface SurroundingsParts {
  readonly telemetry: Telemetry
  readonly healthChecks: HealthChecks
  /** All objects, of which the addresses and ports count. */
  readonly cluster: () => Cluster
  readonly bug: OnFailure
}

/** When what could not be looked at is looked at again. */
const AGAIN: RetryPolicy = { first: 5_000, most: 300_000, factor: 2, jitter: 0.5 }

/** What of the node may change without a word: its addresses, kube-proxy, and what the machine does. */
export class Surroundings {
  readonly #parts: SurroundingsParts
  readonly #again: Retry = new Retry(new Waits(AGAIN), () => this.look(this.#situation))
  #situation: Situation | undefined

  constructor(parts: SurroundingsParts) {
    this.#parts = parts
  }

  /** `situation` is what is rendered for; undefined: nothing yet. */
  look(situation: Situation | undefined): void {
    this.#situation = situation
    if (situation === undefined) return
    inBackground(
      () => this.#look(situation),
      (error) => {
        if (!isOfKernel(error)) this.#parts.bug(error)
        this.#again.later()
      },
    )
  }

  close(): void {
    this.#again.reset()
    this.#situation = undefined
  }

  async #look(situation: Situation): Promise<void> {
    const { node, settings } = situation
    const { healthChecks, telemetry, cluster } = this.#parts
    const addresses = healthCheckAddresses(settings.nodePortAddresses, node, ownAddresses())
    healthChecks.listenOn(addresses)
    await this.#lookForKubeProxy(settings)
    await tellMachine(demandOf(situation, cluster()), telemetry.tell)
    this.#again.reset()
  }

  /** Two that balance the same addresses: the one whose hook comes first wins. */
  async #lookForKubeProxy({ scope }: Situation['settings']): Promise<void> {
    const { telemetry } = this.#parts
    const found = await kubeProxyTables()
    if (found === undefined) return
    const tables = scope === 'all' ? found : []
    if (tables.length > 0) telemetry.tell({ event: 'kube-proxy-present', tables })
    else telemetry.tell({ event: 'kube-proxy-gone' })
  }
}
