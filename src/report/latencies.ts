import type { IpFamily } from '../model/address.ts'
import { trackLatency } from '../telemetry/latency.ts'
import { RecentTimes } from '../telemetry/recent-times.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { AgentState } from './status/agent-state.ts'

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

interface Latencies {
  readonly told: {
    readonly attempting: () => void
    readonly sliceChanged: (triggered: number | undefined, family: IpFamily) => void
  }
  /** Those of the last hour. */
  readonly recent: RecentTimes
  /** Notes that the attempted changes are in the kernel. */
  committed(): void
}

/** Measures, for each family, how long changes of slices take until their commit. */
export function trackLatencies(state: AgentState, metrics: Metrics): Latencies {
  const latencies = { ipv4: trackLatency(), ipv6: trackLatency() }
  const recent = new RecentTimes()
  return {
    recent,
    told: {
      attempting() {
        state.attemptSince = performance.now()
        for (const family of FAMILIES) latencies[family].attempting()
        metrics.kubeProxy.attempting()
      },
      sliceChanged(triggered, family) {
        // The changes in the first lists happened before the start.
        if (state.firstCommitAt !== undefined) latencies[family].changed(triggered)
      },
    },
    committed() {
      for (const family of FAMILIES) {
        for (const seconds of latencies[family].committed()) {
          metrics.programmed(seconds, family)
          recent.add(seconds * 1000, performance.now())
        }
      }
    },
  }
}
