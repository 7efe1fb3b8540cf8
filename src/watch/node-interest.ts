/** The Nodes to follow: only our own, or all if the addresses of others matter. */
export class NodeInterest {
  #all: boolean
  #changed = new AbortController()

  constructor(all: boolean) {
    this.#all = all
  }

  get all(): boolean {
    return this.#all
  }

  /** A signal that aborts when the interest changes; the next call returns a new one. */
  get changed(): AbortSignal {
    return this.#changed.signal
  }

  /** Sets the interest; returns whether Nodes are wanted now that were not before. */
  follow(all: boolean): boolean {
    if (all === this.#all) return false
    this.#all = all
    const changed = this.#changed
    this.#changed = new AbortController()
    changed.abort()
    return all
  }
}
