import type { Removal } from '../dataplane/removal.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { Retry } from '../telemetry/retry.ts'
import { withTimeLimit } from '../watch/time-limit.ts'

/** The waits before a removal that failed is tried again. */
const RETRY: RetryPolicy = { first: 1_000, most: 300_000, factor: 2, jitter: 0.5 }
/** Milliseconds that a removal may delay changes of objects. */
const TIME_LIMIT = 60_000

/** Decides when to remove what other backends left, and when a removal has to stop. */
export class LeftoverRemoval {
  readonly #removeOthers: (signal: AbortSignal) => Promise<Removal>
  readonly #retry: Retry
  /** Whether there may be something to remove. */
  #due = false
  /** Whether something remained the last time. */
  #remains = false
  #stop: AbortController | undefined
  #stopped = false

  /** `wake` is called when it is time for `remove`. */
  constructor(removeOthers: (signal: AbortSignal) => Promise<Removal>, wake: () => void) {
    this.#removeOthers = removeOthers
    this.#retry = new Retry(new Waits(RETRY), () => {
      this.#due = true
      wake()
    })
  }

  /**
   * Has the next `remove` look, after a backend has programmed everything: what another one left is
   * no longer needed.
   */
  look(): void {
    this.#due = true
    this.#retry.reset()
  }

  /** Has the next `remove` try again what remained, because a comparison is due. */
  compare(): void {
    this.#due ||= this.#remains
  }

  /** Stops a removal under way, because something else comes first; it is continued later. */
  overtake(): void {
    this.#stop?.abort()
  }

  /** Stops a removal under way; nothing more is removed. */
  stop(): void {
    this.#stopped = true
    this.#retry.stop()
    this.overtake()
  }

  /** Removes what other backends left; returns undefined if nothing is due. */
  async remove(): Promise<Removal | undefined> {
    if (!this.#due || this.#stopped) return undefined
    this.#due = false
    const stop = new AbortController()
    this.#stop = stop
    const outcome = await withTimeLimit(TIME_LIMIT, stop.signal, this.#removeOthers)
    this.#stop = undefined
    if (outcome.kind === 'overtaken' && !stop.signal.aborted) {
      const reason = `it took longer than ${TIME_LIMIT / 1000} s`
      return this.#settled({ ...outcome, kind: 'remains', reason })
    }
    return this.#settled(outcome)
  }

  #settled(outcome: Removal): Removal {
    this.#remains = outcome.kind === 'remains'
    if (outcome.kind === 'removed') this.#retry.reset()
    if (outcome.kind === 'remains') this.#retry.later()
    if (outcome.kind === 'overtaken') this.#due = true
    return outcome
  }
}
