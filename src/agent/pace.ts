import { type RetryPolicy, Waits } from '../model/retry.ts'

/** What a run of the task ended with. `retry`: it failed, and is run again by itself. */
export type Turn = 'done' | 'retry'

interface PaceLimits {
  /** Milliseconds from the start of a run to the start of the next: bursts are gathered. */
  readonly interval: () => number
  /** The same, and in place of any wait for a retry, for what cannot wait: see `now`. */
  readonly urgent: number
  /** When a run that failed is made again. */
  readonly retry: RetryPolicy
}

/** Runs a task when asked: at once after a pause, gathered in a burst, backing off while it fails. */
export class Pace {
  readonly #task: () => Promise<Turn>
  readonly #limits: PaceLimits
  readonly #waits: Waits
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #wanted = false
  #stopped = false
  /** Of the last run (performance.now). */
  #started = Number.NEGATIVE_INFINITY
  /** Before this time nothing runs. */
  #notBefore = 0
  #urgent = false

  constructor(limits: PaceLimits, task: () => Promise<Turn>) {
    this.#limits = limits
    this.#waits = new Waits(limits.retry)
    this.#task = task
  }

  /** Asks for a run that begins after this call. */
  poke(): void {
    this.#wanted = true
    this.#schedule()
  }

  /** As `poke`, but a pause or a wait for a retry is cut short. */
  now(): void {
    this.#urgent = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.poke()
  }

  /** Resolves when nothing runs any more; nothing will. */
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
