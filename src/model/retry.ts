// The one policy by which anything that failed is tried again. It is in the lowest folder, because
// `watch` and the agent both need it. `telemetry` knows nothing of nodelb and is given the waits.

/** How long to wait before each attempt after failures in a row. */
export interface RetryPolicy {
  /** The upper limit of the first wait, in milliseconds. */
  readonly first: number
  /** The upper limit of every wait, in milliseconds. */
  readonly most: number
  /** The factor by which the limit grows from one wait to the next. */
  readonly factor: number
  /**
   * The share of each wait that is drawn at random, from 0 to 1, so that the nodes of a cluster do
   * not act in step. It is 0 for what concerns one node alone.
   */
  readonly jitter: number
}

/** For Kubernetes Events: all nodes ask an API server that comes back at the same time. */
export const eventRetry: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }

/**
 * For FRR, which is on this node: until it is back and configured, peers have no routes. An attempt costs next
 * to nothing, and FRR itself takes a second for a session, so that routes are back within two.
 */
export const engineRetry: RetryPolicy = { first: 50, most: 200, factor: 2, jitter: 0 }

/** For ports and paths to listen on, which are this process's own. */
export const listenRetry: RetryPolicy = { first: 500, most: 30_000, factor: 2, jitter: 0 }

/** Gives the waits of one thing that is tried again; `random` is at least 0 and less than 1. */
export class Waits {
  readonly #policy: RetryPolicy
  readonly #random: () => number
  #limit: number

  constructor(policy: RetryPolicy, random: () => number = Math.random) {
    this.#policy = policy
    this.#random = random
    this.#limit = policy.first
  }

  /** Returns how many milliseconds to wait before trying again; call it once for each failure. */
  next(): number {
    const { most, factor, jitter } = this.#policy
    const limit = this.#limit
    this.#limit = Math.min(most, limit * factor)
    return Math.round(limit * (1 - jitter + jitter * this.#random()))
  }

  /** To be called after a success, or when nothing is wanted any more: the waits begin anew. */
  reset(): void {
    this.#limit = this.#policy.first
  }
}
