/** Lets one loop sleep until there is something to do. */
export class Wakeup {
  #due = false
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires, by the monotonic clock. */
  #at = Number.POSITIVE_INFINITY

  /** Wakes the loop, or has its next wait end at once. */
  now(): void {
    this.#due = true
    this.#wake?.()
  }

  /** Wakes the loop after so many milliseconds; of several times the earliest counts. */
  after(ms: number): void {
    const at = performance.now() + ms
    if (at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY
      this.now()
    }, ms).unref()
  }

  /** Resolves when there is something to do, or when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.#due && !signal.aborted) {
      let end = (): void => undefined
      const woken = new Promise<void>((resolve) => {
        end = resolve
      })
      this.#wake = end
      signal.addEventListener('abort', end)
      await woken
      signal.removeEventListener('abort', end)
    }
    this.#wake = undefined
    this.#due = false
  }
}
