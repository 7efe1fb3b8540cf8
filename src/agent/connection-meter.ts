import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { inSteps } from '../apply/in-steps.ts'
import { kernelReason } from '../dataplane/outcome.ts'
import type { Session } from '../dataplane/session.ts'
import { ConnectionTotals } from '../frontend/connection-totals.ts'
import type { LabelSelector } from '../model/label-selector.ts'
import type { Settings } from '../model/node.ts'
import type { CountedConnections } from '../report/connections.ts'
import { MeteredServices } from '../watch/metered-services.ts'
import type { ObjectStore } from '../watch/object-store.ts'

/**
 * A reading serves for this many times as long as it took, so that reading takes a tenth of the time
 * at most, however many scrapes there are.
 */
const SPELL = 10
/** The least milliseconds for which a reading serves. */
const LEAST_SPELL = 1_000

/** For so many milliseconds a scrape waits for a reading; then the one before has to do. */
const PATIENCE = 2_000

/** How a reading ended. */
interface Read {
  /** Why it failed; undefined if it did not. */
  readonly trouble: string | undefined
}

/** Counts how many connections are begun to each Service, while the settings ask for it. */
export class ConnectionMeter {
  /** Which Services are counted. */
  readonly services: MeteredServices
  readonly #relist: () => void
  #session: Session | undefined
  #totals: ConnectionTotals = new ConnectionTotals()
  /** The reading under way, or the last one. */
  #reading: Promise<Read> = Promise.resolve({ trouble: undefined })
  /** How the last reading ended; undefined before the first one has. */
  #last: Read | undefined
  /** Until this time (performance.now) no other reading begins; infinite while one is under way. */
  #serves = 0

  /** Without a selector all Services are counted; `relist` has all of them read anew. */
  constructor(selector: LabelSelector | undefined, relist: () => void) {
    this.#relist = relist
    this.services = new MeteredServices(selector)
  }

  /** Takes which Services are counted from now on; all if undefined. */
  select(selector: LabelSelector | undefined): void {
    if (this.services.select(selector)) this.#relist()
  }

  /**
   * Notes which session programs the node. A first reading follows at once: counting begins there,
   * because the kernel's counters may be older than the agent.
   */
  follow(session: Session, { meterServices }: Settings): void {
    if (!meterServices) {
      this.#session = undefined
      this.#totals = new ConnectionTotals()
      this.#last = undefined
      return
    }
    this.#session = session
    this.#serves = Number.POSITIVE_INFINITY
    this.#reading = this.#reading.then(() => this.#read(session))
  }

  /**
   * Returns the counts. Scrapes at the same time, or soon after one another, share a reading. Some backends
   * count all Services; the store says which of them anyone wants to know of.
   */
  async counted(store: Pick<ObjectStore, 'service'>): Promise<CountedConnections> {
    const session = this.#session
    if (session === undefined) return { kind: 'off' }
    if (performance.now() >= this.#serves) this.#reading = this.#read(session)
    const { trouble } = await this.#soon()
    if (trouble !== undefined) return { kind: 'unread', reason: trouble }
    const { renderer } = session
    return {
      kind: 'counted',
      totals: this.#totals.all(),
      nameOf: (owner) => renderer.nameOf(owner),
      isCounted: (service) => !store.service(service)?.unmetered,
    }
  }

  /** Resolves with the reading under way or, if that takes long, with the one before. */
  async #soon(): Promise<Read> {
    const last = this.#last
    if (last === undefined) return this.#reading
    const enough = new AbortController()
    const { signal } = enough
    const late = pause(PATIENCE, last, { signal, ref: false }).catch(() => last)
    return Promise.race([this.#reading, late]).finally(() => enough.abort())
  }

  /** Never rejects. */
  async #read(session: Session): Promise<Read> {
    this.#serves = Number.POSITIVE_INFINITY
    const began = performance.now()
    this.#last = { trouble: await this.#trouble(session) }
    const now = performance.now()
    this.#serves = now + Math.max(LEAST_SPELL, SPELL * (now - began))
    return this.#last
  }

  /** Reads the counters; returns why they cannot be read. Never rejects. */
  async #trouble(session: Session): Promise<string | undefined> {
    try {
      const found = await session.connections()
      if (found.kind === 'failed') return found.reason
      // Reading, adding up and printing would hold up the event loop for as long as all three take.
      await turn()
      await inSteps(this.#totals.take(found.counts))
      await turn()
      return undefined
    } catch (error) {
      return kernelReason(error)
    }
  }
}
