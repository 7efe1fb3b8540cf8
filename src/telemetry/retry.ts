/** How long to wait after each failure in a row, in milliseconds; `reset` follows a success. */
export interface RetryWaits {
  next(): number
  reset(): void
}

/** Something that failed is tried again by itself, later each time. */
export class Retry {
  readonly #waits: RetryWaits
  readonly #again: () => void
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(waits: RetryWaits, again: () => void) {
    this.#waits = waits
    this.#again = again
  }

  /** It failed. A retry that is due already stays as it is. */
  later(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#again()
    }, this.#waits.next())
  }

  /** Nothing is tried again any more, whatever else fails. */
  stop(): void {
    this.#stopped = true
    this.reset()
  }

  /** It succeeded, or is not wanted any more: the next failure counts as the first. */
  reset(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waits.reset()
  }
}
