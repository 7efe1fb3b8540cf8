import { type Answer, plain, type Routes } from '../telemetry/http.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { AgentState } from './status/agent-state.ts'
import { health, liveness, readiness, type Verdict } from './status/health.ts'

/**
 * Returns the routes for kubelet's and load balancers' probes. `/healthz` answers as kube-proxy
 * does (KEP-3836).
 */
export function probeRoutes(state: AgentState): Routes {
  return new Map([
    ['/livez', () => verdict(liveness(state, performance.now()))],
    ['/readyz', () => verdict(readiness(state))],
    ['/healthz', () => healthz(state)],
  ])
}

/**
 * Returns the routes that kube-proxy has on its healthzBindAddress
 * (pkg/proxy/healthcheck/proxy_health.go).
 */
export function kubeProxyHealthRoutes(state: AgentState): Routes {
  return new Map([
    ['/livez', () => livez(state)],
    ['/healthz', () => healthz(state)],
  ])
}

/** Returns the route of `--metrics-listen`. */
export function metricsRoutes(metrics: Metrics): Routes {
  return new Map([['/metrics', () => metricsText(metrics)]])
}

/**
 * Returns the routes that kube-proxy has on its metricsBindAddress (serveMetrics of
 * cmd/kube-proxy).
 */
export function kubeProxyMetricsRoutes(metrics: Metrics, state: AgentState): Routes {
  return new Map<string, () => Answer | Promise<Answer>>([
    ['/metrics', () => metricsText(metrics)],
    ['/healthz', () => text(200, 'ok')],
    ['/proxyMode', () => text(200, state.backend ?? '')],
  ])
}

async function metricsText(metrics: Metrics): Promise<Answer> {
  return { status: 200, type: metrics.contentType, body: await metrics.text() }
}

function verdict({ good, reason }: Verdict): Answer {
  return plain(good ? 200 : 503, reason)
}

/**
 * Answers 503 also while the node is being deleted or drained by the autoscaler: `nodeEligible` is
 * false then.
 */
function healthz(state: AgentState): Answer {
  const nodeEligible = state.leaving === undefined
  const good = health(state, performance.now()).good && nodeEligible
  return json(good, `{${times(state, good)}, "nodeEligible": ${nodeEligible}}`)
}

/**
 * Answers without regard to the node's deletion: kube-proxy's probe of whether a restart would
 * help.
 */
function livez(state: AgentState): Answer {
  const { good } = health(state, performance.now())
  return json(good, `{${times(state, good)}}`)
}

/**
 * Returns the times of an answer. While kube-proxy is healthy, it reports that it was updated just
 * now.
 */
function times({ lastCommit }: AgentState, good: boolean): string {
  const now = Date.now()
  const lastUpdated = good ? now : lastCommit?.at
  return `"lastUpdated": "${goTime(lastUpdated)}","currentTime": "${goTime(now)}"`
}

/** Prints a time in UTC as Go does; undefined is Go's zero time. */
function goTime(ms: number | undefined): string {
  if (ms === undefined) return '0001-01-01 00:00:00 +0000 UTC'
  const [date, time = ''] = new Date(ms).toISOString().slice(0, -1).split('T')
  return `${date} ${time.replace(/\.?0+$/, '')} +0000 UTC`
}

function json(good: boolean, body: string): Answer {
  return { status: good ? 200 : 503, type: 'application/json', body }
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body }
}
