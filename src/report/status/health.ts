import type { AgentState } from './agent-state.ts'

/** An answer to a probe, with the reason in words. */
export interface Verdict {
  readonly good: boolean
  readonly reason: string
}

/** How long a commit may take before the agent counts as broken: kube-proxy's healthTimeout. */
export const HEALTH_TIMEOUT_MS = 120_000

/**
 * How long the kernel may hold something else than the rule set before load balancers in front are
 * told. The rules may be gone, so this is shorter than for failed commits, after which the rules
 * stay.
 */
export const DOUBT_TIMEOUT_MS = 10_000

/**
 * Returns whether the node serves what the cluster asks for: the kernel was seen to hold it, and
 * nothing speaks against that since.
 */
export function readiness(state: AgentState): Verdict {
  const { stopping, failing, verified, doubt, waiting } = state
  if (stopping !== undefined) return bad(`the agent ends: ${stopping}`)
  if (failing !== undefined) return bad(`the kernel took no change: ${failing.reason}`)
  if (state.firstCommitAt === undefined) return bad(`nothing is committed yet: ${waitsFor(state)}`)
  if (doubt !== undefined) return bad(`what the kernel holds is to be compared: ${doubt.reason}`)
  if (verified === undefined) return bad('what the kernel holds was not compared yet')
  if (waiting === undefined) return { good: true, reason: 'ready' }
  const { source, reason, failed } = waiting
  const before = 'the configuration before it is in force'
  if (failed) return bad(`${source} cannot be put in force: ${reason}; ${before}`)
  return { good: true, reason: `ready; ${source} waits for ${reason}; ${before}` }
}

/**
 * Returns whether the agent is alive. It is not if the kernel has neither taken nor refused a
 * change for too long, so that a restart may help. `now` is by the monotonic clock, here and below.
 */
export function liveness(state: AgentState, now: number): Verdict {
  const lasted = state.attemptSince === undefined ? 0 : now - state.attemptSince
  if (lasted < HEALTH_TIMEOUT_MS) return { good: true, reason: 'alive' }
  return bad(`a commit has not ended for ${Math.round(lasted / 1000)} s`)
}

/**
 * Returns whether load balancers in front may send traffic here, apart from the node's own
 * deletion, as kube-proxy's IsHealthy does. It is good during the start, because the rules of the
 * former process are in force.
 */
export function health(state: AgentState, now: number): Verdict {
  const alive = liveness(state, now)
  if (!alive.good) return alive
  const doubtful = state.doubt === undefined ? 0 : now - state.doubt.steadySince
  if (state.doubt !== undefined && doubtful >= DOUBT_TIMEOUT_MS) {
    const lasted = Math.round(doubtful / 1000)
    return bad(`what the kernel holds could not be repaired for ${lasted} s: ${state.doubt.reason}`)
  }
  if (state.failing === undefined) return alive
  const { steadySince, reason } = state.failing
  if (now - steadySince < HEALTH_TIMEOUT_MS) return alive
  return bad(`commits have failed for ${Math.round((now - steadySince) / 1000)} s: ${reason}`)
}

function waitsFor(state: AgentState): string {
  const waiting = [...state.watches].flatMap(([resource, watch]) => {
    if (watch.kind === 'following') return []
    return [watch.kind === 'lost' ? `${resource} (${watch.reason})` : resource]
  })
  if (waiting.length > 0) return `waiting for the first list of ${waiting.join(', ')}`
  if (state.missingNode !== undefined) return `there is no Node ${state.missingNode}`
  return 'the first commit is being made'
}

function bad(reason: string): Verdict {
  return { good: false, reason }
}
