import type { AgentState } from './agent-state.ts'

/** An answer to a probe, with the reason in words. */
export interface Verdict {
  readonly good: boolean
  readonly reason: string
}

/** kube-proxy's healthTimeout: how long a commit may take before the agent counts as broken. */
export const HEALTH_TIMEOUT_MS = 120_000

/**
 * How long the kernel may hold something else than it shall before balancers in front are told. The
 * rules may be gone, so this is shorter than for commits that fail, where they stay.
 */
export const DOUBT_TIMEOUT_MS = 10_000

/**
 * Whether the node does what the cluster asks for, and goes on doing so: the kernel was seen to hold
 * it, and nothing speaks against that since.
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
 * Whether a restart would help: if the kernel neither takes a change nor refuses it. `now` is by the
 * clock that nobody sets, here and below.
 */
export function liveness(state: AgentState, now: number): Verdict {
  const lasted = state.attemptSince === undefined ? 0 : now - state.attemptSince
  if (lasted < HEALTH_TIMEOUT_MS) return { good: true, reason: 'alive' }
  return bad(`a commit has not ended for ${Math.round(lasted / 1000)} s`)
}

/**
 * Whether balancers in front may send traffic here, the node's own fate aside: kube-proxy's
 * IsHealthy. Good during start, as the rules of the process before are in force.
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
