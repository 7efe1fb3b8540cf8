/** Which Nodes are to be followed: our own, or all where the addresses of others matter. */
export class NodeInterest {
  #all: boolean
  #changed = new AbortController()

  constructor(all: boolean) {
    this.#all = all
  }

  get all(): boolean {
    return this.#all
  }

  /** Aborted when the interest is another one. */
  get changed(): AbortSignal {
    return this.#changed.signal
  }

  /** Returns whether Nodes are wanted that were not before. */
  follow(all: boolean): boolean {
    if (all === this.#all) return false
    this.#all = all
    const changed = this.#changed
    this.#changed = new AbortController()
    changed.abort()
    return all
  }
}
