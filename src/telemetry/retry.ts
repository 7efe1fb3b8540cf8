/** The wait after each failure in a row, in milliseconds; `reset` is called after a success. */
export interface RetryWaits {
  next(): number
  reset(): void
}

/** Calls a function again after a failure, later each time. */
export class Retry {
  readonly #waits: RetryWaits
  readonly #again: () => void
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(waits: RetryWaits, again: () => void) {
    this.#waits = waits
    this.#again = again
  }

  /** Schedules a retry after a failure. A retry that is already scheduled stays as it is. */
  later(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#again()
    }, this.#waits.next())
  }

  /** Ends all retries, also after later failures. */
  stop(): void {
    this.#stopped = true
    this.reset()
  }

  /**
   * Cancels a retry after a success, or if it is no longer wanted: the next failure counts as the
   * first.
   */
  reset(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waits.reset()
  }
}
