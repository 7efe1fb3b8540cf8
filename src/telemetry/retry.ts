interface RetryLimits {
  /** Milliseconds before the first retry; doubled for each after it. */
  readonly first: number
  readonly last: number
}

/** Something that failed is tried again by itself, later each time. */
export class Retry {
  readonly #limits: RetryLimits
  readonly #again: () => void
  #wait: number
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(limits: RetryLimits, again: () => void) {
    this.#limits = limits
    this.#again = again
    this.#wait = limits.first
  }

  /** It failed. A retry that is due already stays as it is. */
  later(): void {
    if (this.#stopped) return
    // Between half and all of it, so that nodes do not retry in step.
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined
        this.#wait = Math.min(this.#limits.last, this.#wait * 2)
        this.#again()
      },
      this.#wait * (0.5 + Math.random() / 2),
    )
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
    this.#wait = this.#limits.first
  }
}
