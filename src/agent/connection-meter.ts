import { inSteps } from '../apply/in-steps.ts'
import { kernelReason } from '../dataplane/outcome.ts'
import type { Session } from '../dataplane/session.ts'
import { ConnectionTotals } from '../frontend/connection-totals.ts'
import type { Settings } from '../model/node.ts'
import type { CountedConnections } from '../report/connections.ts'

/**
 * A reading serves for this many times as long as it took, so that reading takes a tenth of the time
 * at most, however often somebody scrapes.
 */
const SPELL = 10
/** The least milliseconds for which a reading serves. */
const LEAST_SPELL = 1_000

/** Counts how many connections are begun to each Service, while the settings ask for it. */
export class ConnectionMeter {
  #session: Session | undefined
  #totals: ConnectionTotals = new ConnectionTotals()
  /** The reading under way, or the last one; it resolves with why it failed, if it did. */
  #reading: Promise<string | undefined> = Promise.resolve(undefined)
  /** Until this time (performance.now) no other reading begins; infinite while one is under way. */
  #serves = 0

  /**
   * Notes which session programs the node. A first reading follows at once: counting begins there,
   * because the kernel's counters may be older than the agent.
   */
  follow(session: Session, { meterServices }: Settings): void {
    if (!meterServices) {
      this.#session = undefined
      this.#totals = new ConnectionTotals()
      return
    }
    this.#session = session
    this.#reading = this.#reading.then(() => this.#read(session))
  }

  /** Returns the counts. Scrapes at the same time, or soon after one another, share a reading. */
  async counted(): Promise<CountedConnections> {
    const session = this.#session
    if (session === undefined) return { kind: 'off' }
    if (performance.now() >= this.#serves) this.#reading = this.#read(session)
    const trouble = await this.#reading
    if (trouble !== undefined) return { kind: 'unread', reason: trouble }
    const { renderer } = session
    return {
      kind: 'counted',
      totals: this.#totals.all(),
      nameOf: (owner) => renderer.nameOf(owner),
    }
  }

  /** Returns why the counters cannot be read; never rejects. */
  async #read(session: Session): Promise<string | undefined> {
    this.#serves = Number.POSITIVE_INFINITY
    const began = performance.now()
    try {
      const found = await session.connections()
      if (found.kind === 'failed') return found.reason
      await inSteps(this.#totals.take(found.counts))
      return undefined
    } catch (error) {
      return kernelReason(error)
    } finally {
      const now = performance.now()
      this.#serves = now + Math.max(LEAST_SPELL, SPELL * (now - began))
    }
  }
}
