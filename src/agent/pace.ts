import { type RetryPolicy, Waits } from '../model/retry.ts'

/** The outcome of a run. `retry`: it failed, and is run again after a wait. */
export type Turn = 'done' | 'retry'

/** How far runs are apart, so that bursts are gathered. */
export interface Period {
  /** Milliseconds from the start of a run to the start of the next. */
  readonly ms: number
  /** Whether the next may start sooner, once nothing more seems to come (ADR 0037). */
  readonly mayEndEarly: boolean
}

interface PaceLimits {
  readonly period: () => Period
  /** Milliseconds in place of the period for urgent runs (see `now`), and of the wait for a retry. */
  readonly urgent: number
  /** The waits before a failed run is tried again. */
  readonly retry: RetryPolicy
}

/** Milliseconds without a request that end a period early. */
const QUIET = 10
/** A period that ends early is still this many times what its run took: runs take a third of the time. */
const SHARE = 3

/**
 * Runs a task on request: at once after a pause, gathered in a burst, and with growing waits while
 * it fails.
 */
export class Pace {
  readonly #task: () => Promise<Turn>
  readonly #limits: PaceLimits
  readonly #waits: Waits
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #running: Promise<void> | undefined
  #wanted = false
  #stopped = false
  // All times are those of performance.now.
  /** The start of the last run. */
  #started = Number.NEGATIVE_INFINITY
  /** The last request. */
  #poked = Number.NEGATIVE_INFINITY
  /** The time before which nothing runs, even if no more requests come. */
  #earliest = 0
  /** The time before which nothing runs while requests come. */
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
    this.#poked = performance.now()
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
    clearImmediate(this.#immediate)
    await this.#running
  }

  #schedule(): void {
    if (this.#stopped || this.#running || this.#timer || this.#immediate || !this.#wanted) return
    const wait = this.#start() - performance.now()
    // A timer takes a millisecond at least. What has already arrived is read before an immediate.
    if (wait <= 0) this.#immediate = setImmediate(() => this.#begin())
    else this.#timer = setTimeout(() => this.#look(), wait)
  }

  /** The time at which the next run starts, if no more requests come. */
  #start(): number {
    if (this.#urgent) return Math.min(this.#notBefore, this.#started + this.#limits.urgent)
    return Math.min(this.#notBefore, Math.max(this.#earliest, this.#poked + QUIET))
  }

  /** Waits on if more requests have come, and the period may only end early. */
  #look(): void {
    this.#timer = undefined
    // A timer may fire up to a millisecond early.
    if (this.#start() - performance.now() >= 1) this.#schedule()
    else this.#begin()
  }

  #begin(): void {
    this.#immediate = undefined
    // The task begins afterwards, so that a request of its own finds it running.
    this.#running = Promise.resolve().then(() => this.#run())
  }

  async #run(): Promise<void> {
    this.#wanted = false
    this.#urgent = false
    this.#started = performance.now()
    const turn = await this.#task()
    this.#running = undefined
    if (turn === 'done') this.#pause()
    else this.#wait()
    this.#schedule()
  }

  #pause(): void {
    this.#waits.reset()
    const { ms, mayEndEarly } = this.#limits.period()
    const took = performance.now() - this.#started
    this.#notBefore = this.#started + ms
    this.#earliest = mayEndEarly ? this.#started + SHARE * took : this.#notBefore
  }

  #wait(): void {
    this.#wanted = true
    this.#notBefore = performance.now() + this.#waits.next()
    this.#earliest = this.#notBefore
  }
}
