/** Times of changes that are not committed yet, for the programming latency. */
export interface Latency {
  /** A slice changed: at `triggered` (ms since 1970), or now if the slice does not say. */
  changed(triggered: number | undefined): void
  /** All of them are in the kernel now; gives seconds each, and forgets them. */
  committed(): readonly number[]
}

/** More changes than this between two commits are a sample. */
const SAMPLE = 10_000

/**
 * From endpoints.kubernetes.io/last-change-trigger-time to the commit, as kube-proxy measures it
 * (sig-scalability's network programming latency). Changes from before the start do not count.
 */
export function trackLatency(now: () => number = Date.now): Latency {
  const started = now()
  let pending: number[] = []
  return {
    changed(triggered) {
      const at = triggered ?? now()
      if (at >= started && pending.length < SAMPLE) pending.push(at)
    },
    committed() {
      const end = now()
      // The clock of the API server may be ahead.
      const latencies = pending.map((at) => Math.max(0, end - at) / 1000)
      pending = []
      return latencies
    },
  }
}
