/** The time from one change to what follows from it, in milliseconds. */
const SOON_MS = 50
/** The least time from the end of one turn to the beginning of the next. */
const LEAST_MS = 250
/** It takes no more than one part in so many of the time. */
const TIMES = 10

/**
 * Does something soon after each change, but several changes at once, and with pauses that grow with how long
 * it takes: in a large cluster the page is a little older instead of the controller slower.
 */
export class Pace {
  readonly #work: () => Promise<void>
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #isDue = false
  #isClosed = false
  /** Not before this time, by the monotonic clock. */
  #notBefore = 0

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Something has changed. */
  due(): void {
    this.#isDue = true
    if (this.#isRunning || this.#isClosed || this.#timer !== undefined) return
    const wait = Math.max(SOON_MS, this.#notBefore - performance.now())
    this.#timer = setTimeout(() => this.#turn(), wait).unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #turn(): void {
    this.#timer = undefined
    this.#isDue = false
    this.#isRunning = true
    const began = performance.now()
    const ended = (): void => {
      this.#isRunning = false
      const now = performance.now()
      this.#notBefore = now + Math.max(LEAST_MS, TIMES * (now - began))
      if (this.#isDue) this.due()
    }
    // What fails is tried again with the next change.
    this.#work().then(ended, ended)
  }
}
