import { cleanFlows } from '../apply/conntrack/clean.ts'
import type { NetlinkSocket } from '../apply/netlink/socket.ts'
import { LingeringEndpoints, servingEndpoints } from '../plan/lingering.ts'
import { serviceOf } from '../plan/owners.ts'
import { byFront, type TouchedFront } from '../plan/stale-flows.ts'
import type { ServiceName } from '../render/claims.ts'
import type { ObjectStore } from './object-store.ts'
import type { Session } from './session.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

export interface FlowCleanerParts {
  readonly store: ObjectStore
  readonly telemetry: Telemetry
  /** Of its own: commits do not wait for a long list of flows. */
  readonly conntrack: NetlinkSocket
}

/** Deletes what conntrack knows of flows that commits led elsewhere. */
export class FlowCleaner {
  readonly #parts: FlowCleanerParts
  readonly #lingering: LingeringEndpoints
  #session: Session | undefined
  /** Fronts that were touched while others were being cleaned. */
  #waiting: readonly TouchedFront[] = []
  #cleaning: Promise<void> | undefined

  constructor(parts: FlowCleanerParts) {
    this.#parts = parts
    const { store } = parts
    this.#lingering = new LingeringEndpoints({
      ownerOf: ({ family, key }) => {
        const label = this.#session?.renderer.label(family, key)
        return label === undefined ? undefined : serviceOf(label)
      },
      servingOf: (service, protocol) => servingEndpoints(store.slicesOf(service), protocol),
    })
  }

  /** After a commit: the fronts it touched, the Services whose objects changed. */
  follow(
    session: Session,
    touched: readonly TouchedFront[],
    changed: ReadonlySet<ServiceName>,
  ): void {
    this.#session = session
    const fronts = this.#lingering.follow(touched, changed, session.renderer.ruleset())
    this.#waiting = [...this.#waiting, ...fronts]
    this.#cleaning ??= this.#clean(session)
  }

  /** Resolves when no flows are being looked at. */
  async idle(): Promise<void> {
    await this.#cleaning
  }

  async #clean(session: Session): Promise<void> {
    while (this.#waiting.length > 0) {
      const fronts = [...byFront(this.#waiting).values()]
      this.#waiting = []
      const after = () => (this.#session ?? session).renderer.ruleset()
      const { conntrack } = this.#parts
      this.#tell(await cleanFlows(conntrack, fronts, after, this.#lingering.stillServes))
    }
    this.#cleaning = undefined
  }

  #tell(outcome: Awaited<ReturnType<typeof cleanFlows>>): void {
    const { telemetry } = this.#parts
    const { deleted, examined } = outcome
    if (deleted > 0) telemetry.tell({ event: 'flows-deleted', deleted, examined })
    if (outcome.kind === 'cleaned') telemetry.tell({ event: 'conntrack-resumed' })
    else {
      const reason = `the kernel says ${outcome.errno}: ${outcome.remedy}`
      telemetry.tell({ event: 'conntrack-failed', reason })
    }
  }
}
