/** How far a period is spread, so that the nodes of a cluster do not compare in step. */
const SPREAD = { least: 0.9, most: 1.1 } as const

/** Calls for a full comparison again and again, a period after the last time. */
export class Comparisons {
  readonly #period: () => number
  readonly #compare: () => void
  #timer: NodeJS.Timeout | undefined

  /** `period` is in milliseconds, and asked for each time. */
  constructor(period: () => number, compare: () => void) {
    this.#period = period
    this.#compare = compare
  }

  /** The next one comes after a whole period from now. */
  restart(): void {
    clearTimeout(this.#timer)
    const { least, most } = SPREAD
    const wait = this.#period() * (least + Math.random() * (most - least))
    this.#timer = setTimeout(() => {
      this.#compare()
      this.restart()
    }, wait)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
