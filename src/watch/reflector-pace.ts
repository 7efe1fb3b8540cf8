import type { RetryPolicy } from '../model/retry.ts'

/** The times of a watch, in milliseconds. */
export interface Pace {
  /** A watch is asked to last between this and twice this, so that not all watches end together. */
  readonly watch: number
  /**
   * The silence after which a watch is given up. Bookmarks come every minute, so a watch that is
   * silent for so long has lost its peer.
   */
  readonly silence: number
}

export const usualPace: Pace = { watch: 300_000, silence: 150_000 }

/**
 * Each wait is random between 0 and its limit, because all nodes ask an API server that comes back
 * at the same time.
 */
export const AGAIN: RetryPolicy = { first: 500, most: 30_000, factor: 2, jitter: 1 }

/** A watch without events counts as good if it lasted this long, in milliseconds. */
export const GOOD_MS = 5_000
