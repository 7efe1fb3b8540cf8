/** Times of changes that are not committed yet, for the programming latency. */
interface Latency {
  /** A slice changed: at `triggered` (ms since 1970), or now if the slice does not say. */
  changed(triggered: number | undefined): void
  /** What changed so far goes into the commit that begins now. */
  attempting(): void
  /** That commit is made: gives seconds for each, and forgets them. */
  committed(): readonly number[]
}

/** More changes than this in one commit are a sample. */
const SAMPLE = 10_000

/**
 * From endpoints.kubernetes.io/last-change-trigger-time to the commit, as kube-proxy measures it
 * (sig-scalability's network programming latency). Changes from before the start do not count.
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
      // After a failure they are together what did not get through.
      rendered = [...rendered, ...pending].slice(0, SAMPLE)
      pending = []
    },
    committed() {
      const end = now()
      // The clock of the API server may be ahead.
      const latencies = rendered.map((at) => Math.max(0, end - at) / 1000)
      rendered = []
      return latencies
    },
  }
}
