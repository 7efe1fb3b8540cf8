/** The times of changes that are not committed yet, for the network programming latency. */
interface Latency {
  /**
   * Notes that a slice changed, at `triggered` (ms since 1970), or now if the slice has no time.
   */
  changed(triggered: number | undefined): void
  /** Notes that all changes so far belong to the commit that begins now. */
  attempting(): void
  /** Returns the latency of each change in that commit, in seconds, and forgets them. */
  committed(): readonly number[]
}

/** The most changes that are measured in one commit. */
const SAMPLE = 10_000

/**
 * Measures the time from endpoints.kubernetes.io/last-change-trigger-time to the commit, as
 * kube-proxy does (sig-scalability's network programming latency). Changes from before the start do
 * not count.
 */
export function trackLatency(now: () => number = Date.now): Latency {
  const started = now()
  let pending: number[] = []
  let rendered: number[] = []
  return {
    changed(triggered) {
      const at = triggered ?? now()
      if (at >= started && pending.length < SAMPLE) pending.push(at)
    },
    attempting() {
      // After a failed commit, its changes are still in `rendered`.
      rendered = [...rendered, ...pending].slice(0, SAMPLE)
      pending = []
    },
    committed() {
      const end = now()
      // The clock of the API server may be ahead of this node's.
      const latencies = rendered.map((at) => Math.max(0, end - at) / 1000)
      rendered = []
      return latencies
    },
  }
}
