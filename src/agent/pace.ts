import { type RetryPolicy, Waits } from '../model/retry.ts'

/** The outcome of a run. `retry`: it failed, and is run again after a wait. */
export type Turn = 'done' | 'retry'

interface PaceLimits {
  /** Milliseconds from the start of a run to the start of the next, so that bursts are gathered. */
  readonly interval: () => number
  /** The same for urgent runs (see `now`), and in place of the wait for a retry. */
  readonly urgent: number
  /** The waits before a failed run is tried again. */
  readonly retry: RetryPolicy
}

/**
 * Runs a task on request: at once after a pause, gathered in a burst, and with growing waits while
 * it fails.
 */
export class Pace {
  readonly #task: () => Promise<Turn>
  readonly #limits: PaceLimits
  readonly #waits: Waits
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #wanted = false
  #stopped = false
  /** The start of the last run (performance.now). */
  #started = Number.NEGATIVE_INFINITY
  /** The time before which nothing runs. */
  #notBefore = 0
  #urgent = false

  constructor(limits: PaceLimits, task: () => Promise<Turn>) {
    this.#limits = limits
    this.#waits = new Waits(limits.retry)
    this.#task = task
  }

  /** Requests a run that begins after this call. */
  poke(): void {
    this.#wanted = true
    this.#schedule()
  }

  /** Requests a run as `poke` does, and shortens a pause or a wait for a retry. */
  now(): void {
    this.#urgent = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.poke()
  }

  /** Ends all runs; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#stopped || this.#running || this.#timer || !this.#wanted) return
    const soon = this.#started + this.#limits.urgent
    const start = this.#urgent ? Math.min(this.#notBefore, soon) : this.#notBefore
    const wait = Math.max(0, start - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#run()
    }, wait)
  }

  async #run(): Promise<void> {
    this.#wanted = false
    this.#urgent = false
    this.#started = performance.now()
    const turn = await this.#task()
    this.#running = undefined
    if (turn === 'done') {
      this.#waits.reset()
      this.#notBefore = this.#started + this.#limits.interval()
    } else {
      this.#wanted = true
      this.#notBefore = performance.now() + this.#waits.next()
    }
    this.#schedule()
  }
}
