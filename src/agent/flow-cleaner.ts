import { setTimeout as pause } from 'node:timers/promises'
import { type CleanOutcome, cleanFlows } from '../apply/conntrack/clean.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { kernelReason } from '../dataplane/outcome.ts'
import { ReopeningSocket } from '../dataplane/reopening-socket.ts'
import type { Session } from '../dataplane/session.ts'
import { type FrontendName, nothingServed } from '../frontend/frontend-change.ts'
import { ownerIn } from '../frontend/label-text.ts'
import { portOfFrontend } from '../frontend/labels.ts'
import { familyOfTable, type TableFamily } from '../model/family.ts'
import type { ServiceName } from '../model/service-name.ts'
import { LingeringEndpoints, servingEndpoints } from '../plan/flows/lingering.ts'
import { byFrontend, type TouchedFrontend } from '../plan/flows/stale.ts'
import type { Telemetry } from '../report/telemetry.ts'
import type { ObjectStore } from '../watch/object-store.ts'

/**
 * Commits may follow each other within milliseconds, and a cleaning lists connections. The next one begins
 * `share` times what the last one took after that began, so that cleaning takes a fifth of the time, but
 * `most` milliseconds after it at the latest.
 */
const REST = { share: 5, most: 100 } as const

/** Deletes the conntrack entries of flows that commits have led elsewhere. */
export class FlowCleaner {
  readonly #telemetry: Telemetry
  readonly #lingering: LingeringEndpoints
  /** A socket of its own, so that commits do not wait for a long list of flows. */
  readonly #socket: ReopeningSocket = new ReopeningSocket()
  #session: Session | undefined
  /** The frontends that were touched while others were being cleaned. */
  #waiting: readonly TouchedFrontend[] = []
  #cleaning: Promise<void> = Promise.resolve()
  /** The time (performance.now) before which no cleaning begins. */
  #notBefore = 0

  constructor(store: ObjectStore, telemetry: Telemetry) {
    this.#telemetry = telemetry
    this.#lingering = new LingeringEndpoints({
      ownerOf: (frontend) => {
        const label = this.#labelOf(frontend)
        return label === undefined ? undefined : this.#session?.renderer.nameOf(ownerIn(label))
      },
      servingOf: (service, frontend) => {
        const known = store.service(service)
        const port = known && portOfFrontend(known, this.#labelOf(frontend) ?? '', frontend)
        return servingEndpoints(
          store.slicesOf(service),
          ({ name, protocol }) => name === port?.name && protocol === port.protocol,
        )
      },
    })
  }

  #labelOf({ family, id }: FrontendName): string | undefined {
    return this.#session?.renderer.label(family, id)
  }

  /**
   * Cleans flows after a commit, in the background; takes the frontends that it touched, and the
   * Services whose objects changed.
   */
  follow(
    session: Session,
    touched: readonly TouchedFrontend[],
    changed: ReadonlySet<ServiceName>,
  ): void {
    this.#session = session
    const frontends = this.#lingering.follow(touched, changed, session.served())
    if (frontends.length === 0) return
    this.#waiting = [...this.#waiting, ...frontends]
    this.#cleaning = this.#cleaning.then(() => this.#cleanSoon()).catch(this.#failed)
  }

  /** Resolves when no cleaning is under way. */
  async idle(): Promise<void> {
    await this.#cleaning
  }

  /**
   * Reports a failure, for example a lack of file descriptors; the next comparison examines all
   * flows again.
   */
  readonly #failed = (error: unknown): void => {
    const reason = kernelReason(error)
    this.#telemetry.tell({ event: 'conntrack-failed', reason })
  }

  /** Cleans after all commits so far, also those that come while it rests. */
  async #cleanSoon(): Promise<void> {
    if (this.#waiting.length === 0) return
    const rest = this.#notBefore - performance.now()
    if (rest > 0) await pause(rest)
    const began = performance.now()
    await this.#clean()
    const took = performance.now() - began
    this.#notBefore = began + Math.min(REST.most, REST.share * took)
  }

  async #clean(): Promise<void> {
    const frontends = [...byFrontend(this.#waiting).values()]
    this.#waiting = []
    const outcomes: CleanOutcome[] = []
    for (const family of ['ip', 'ip6'] as const) {
      const mine = frontends.filter((frontend) => frontend.family === family)
      if (mine.length === 0 || outcomes.some(({ kind }) => kind === 'refused')) continue
      outcomes.push(await this.#cleanFamily(family, mine))
    }
    const sum = (count: 'deleted' | 'examined') =>
      outcomes.reduce((all, outcome) => all + outcome[count], 0)
    const [deleted, examined] = [sum('deleted'), sum('examined')]
    if (deleted > 0) this.#telemetry.tell({ event: 'flows-deleted', deleted, examined })
    const refused = outcomes.find(({ kind }) => kind === 'refused')
    if (refused?.kind !== 'refused') return this.#telemetry.tell({ event: 'conntrack-resumed' })
    const reason = `the kernel says ${refused.errno}: ${refused.remedy}`
    this.#telemetry.tell({ event: 'conntrack-failed', reason })
    await this.#socket.close()
  }

  async #cleanFamily(
    family: TableFamily,
    frontends: readonly TouchedFrontend[],
  ): Promise<CleanOutcome> {
    const began = performance.now()
    const outcome = await this.#delete(frontends)
    const seconds = (performance.now() - began) / 1000
    const { deleted } = outcome
    this.#telemetry.flowsCleaned({ family: familyOfTable(family), seconds, deleted })
    return outcome
  }

  async #delete(frontends: readonly TouchedFrontend[]): Promise<CleanOutcome> {
    const served = () => this.#session?.served() ?? nothingServed
    try {
      return await cleanFlows(this.#socket.open(), frontends, served, this.#lingering.stillServes)
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error
      const { code: errno, message: remedy } = error
      return { kind: 'refused', errno, remedy, examined: 0, deleted: 0 }
    }
  }
}
