import { health, liveness, readiness, type Verdict } from './health.ts'
import { type Answer, plain, type Routes } from './http.ts'
import type { Metrics } from './metrics.ts'
import type { AgentState } from './state.ts'

/** What kubelet and balancers ask. `/healthz` answers as kube-proxy's does (KEP-3836). */
export function probeRoutes(state: AgentState): Routes {
  return new Map([
    ['/livez', () => verdict(liveness(state, Date.now()))],
    ['/readyz', () => verdict(readiness(state))],
    ['/healthz', () => healthz(state, Date.now())],
  ])
}

export function metricsRoutes(metrics: Metrics): Routes {
  const text = async (): Promise<Answer> => {
    return { status: 200, type: metrics.contentType, body: await metrics.text() }
  }
  return new Map([['/metrics', text]])
}

function verdict({ good, reason }: Verdict): Answer {
  return plain(good ? 200 : 503, reason)
}

/** 503 also while the node is being deleted or drained by the autoscaler: `nodeEligible` false. */
function healthz(state: AgentState, now: number): Answer {
  const nodeEligible = state.leaving === undefined
  const good = health(state, now).good && nodeEligible
  // kube-proxy: as good as new while it is healthy.
  const lastUpdated = good ? now : (state.lastCommit?.at ?? 0)
  const body = {
    lastUpdated: new Date(lastUpdated).toISOString(),
    currentTime: new Date(now).toISOString(),
    nodeEligible,
  }
  return { status: good ? 200 : 503, type: 'application/json', body: JSON.stringify(body) }
}
