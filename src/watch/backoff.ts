const FIRST_MS = 500
const LONGEST_MS = 30_000

/** How long to wait before trying again: longer after each failure, and never in step with others. */
interface Backoff {
  /** Milliseconds, anywhere below a limit that doubles from 0.5 s to 30 s ("full jitter"). */
  next(): number
  /** After a success. */
  reset(): void
}

export function startBackoff(random: () => number = Math.random): Backoff {
  let limit = FIRST_MS
  return {
    next() {
      const wait = Math.round(random() * limit)
      limit = Math.min(limit * 2, LONGEST_MS)
      return wait
    },
    reset() {
      limit = FIRST_MS
    },
  }
}
