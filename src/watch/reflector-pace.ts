import type { RetryPolicy } from '../model/retry.ts'

/** Milliseconds. */
export interface Pace {
  /** A watch is asked to last between this and twice this, so that not all end together. */
  readonly watch: number
  /** Bookmarks come every minute: a watch that is silent for so long has lost its other end. */
  readonly silence: number
}

export const usualPace: Pace = { watch: 300_000, silence: 150_000 }

/** Anywhere below the limit, since an API server that comes back is asked by all nodes at once. */
export const AGAIN: RetryPolicy = { first: 500, most: 30_000, factor: 2, jitter: 1 }

/** A watch that said nothing counts as good if it lasted so long. */
export const GOOD_MS = 5_000
