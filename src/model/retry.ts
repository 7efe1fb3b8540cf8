// The one way in which anything that failed is tried again. It stands in the lowest room, since
// `watch` may import nothing else that the agent may import, too. `telemetry` knows nothing of ours
// and is handed the waits.

/** How long to wait before each attempt after failures in a row. */
export interface RetryPolicy {
  /** Milliseconds that the first wait takes at most. */
  readonly first: number
  /** Milliseconds that no wait exceeds. */
  readonly most: number
  /** By how much the limit of each wait exceeds the one before. */
  readonly factor: number
  /**
   * The share of each wait that is drawn at random, from 0 to 1, so that the nodes of a cluster do not
   * act in step. 0 is for what concerns one node alone.
   */
  readonly jitter: number
}

/** Gives the waits of one thing that is tried again; `random` is at least 0 and below 1. */
export class Waits {
  readonly #policy: RetryPolicy
  readonly #random: () => number
  #limit: number

  constructor(policy: RetryPolicy, random: () => number = Math.random) {
    this.#policy = policy
    this.#random = random
    this.#limit = policy.first
  }

  /** Returns after how many milliseconds to try again; asked once for each failure. */
  next(): number {
    const { most, factor, jitter } = this.#policy
    const limit = this.#limit
    this.#limit = Math.min(most, limit * factor)
    return Math.round(limit * (1 - jitter + jitter * this.#random()))
  }

  /** It succeeded, or is not wanted any more: the next failure counts as the first. */
  reset(): void {
    this.#limit = this.#policy.first
  }
}
