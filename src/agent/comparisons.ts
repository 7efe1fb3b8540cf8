/** The spread of a period, so that the nodes of a cluster do not compare at the same time. */
const SPREAD = { least: 0.9, most: 1.1 } as const

/** Calls `compare` again and again, about one period after the last time. */
export class Comparisons {
  readonly #period: () => number
  readonly #compare: () => void
  #timer: NodeJS.Timeout | undefined

  /** `period` returns milliseconds, and is called before each wait. */
  constructor(period: () => number, compare: () => void) {
    this.#period = period
    this.#compare = compare
  }

  /** Starts again: the next comparison comes a whole period from now. */
  restart(): void {
    clearTimeout(this.#timer)
    const { least, most } = SPREAD
    const wait = this.#period() * (least + Math.random() * (most - least))
    this.#timer = setTimeout(() => {
      this.#compare()
      this.restart()
    }, wait)
  }

  /** Ends the comparisons. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
