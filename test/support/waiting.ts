/** Lets a test wait for what it is told of, without asking again and again. */
export class Waiting {
  readonly #waiting: Set<() => void> = new Set()

  /** Something has happened: everything that is waited for is looked at again. */
  wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  /** Resolves with what `find` finds, now or later; rejects when it throws. */
  async until<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }
}
