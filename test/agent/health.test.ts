import { describe, expect, test } from 'vitest'
import { HEALTH_TIMEOUT_MS, health, liveness, readiness } from '../../src/agent/telemetry/health.ts'
import type { Occurrence } from '../../src/agent/telemetry/occurrence.ts'
import { type AgentState, follow, newState } from '../../src/agent/telemetry/state.ts'

const committed: Occurrence = {
  event: 'kernel-committed',
  operations: 1,
  bytes: 1,
  durationMs: 1,
}
const failed: Occurrence = { event: 'commit-failed', reason: 'EPERM', durationMs: 1 }

function stateAfter(...occurrences: Occurrence[]): AgentState {
  const state = newState(0)
  for (const occurrence of occurrences) follow(state, occurrence, 0)
  return state
}

const good = { good: true }
const bad = { good: false }

describe('a change that the kernel neither takes nor refuses', () => {
  test('is waited for, up to the time kube-proxy has', () => {
    const state = stateAfter(committed)
    state.attemptSince = 0
    expect(liveness(state, HEALTH_TIMEOUT_MS - 1)).toMatchObject(good)
    expect(liveness(state, HEALTH_TIMEOUT_MS)).toEqual({
      good: false,
      reason: 'a commit has not ended for 120 s',
    })
    expect(health(state, HEALTH_TIMEOUT_MS)).toMatchObject(bad)
    expect(readiness(state)).toMatchObject(good)
  })

  const compared: Occurrence = { event: 'kernel-compared', durationMs: 1 }
  const repaired: Occurrence = { event: 'drift-repaired', operations: 1, found: '' }
  test.each([committed, failed, compared, repaired])('ends with $event', (ending) => {
    const state = stateAfter(committed)
    state.attemptSince = 0
    follow(state, ending, 1)
    expect(liveness(state, 10 * HEALTH_TIMEOUT_MS)).toMatchObject(good)
  })
})

describe('commits that fail', () => {
  test('send no balancer away at once, but do in the end; a restart would not help', () => {
    const state = stateAfter(committed, failed)
    follow(state, failed, HEALTH_TIMEOUT_MS - 1)
    expect(health(state, HEALTH_TIMEOUT_MS - 1)).toMatchObject(good)
    expect(health(state, HEALTH_TIMEOUT_MS)).toEqual({
      good: false,
      reason: 'commits have failed for 120 s: EPERM',
    })
    expect(liveness(state, HEALTH_TIMEOUT_MS)).toMatchObject(good)
    follow(state, committed, HEALTH_TIMEOUT_MS)
    expect(health(state, HEALTH_TIMEOUT_MS)).toMatchObject(good)
  })
})

test('a start sends no balancer away: the rules of before are in force', () => {
  expect(health(stateAfter(), 0)).toMatchObject(good)
  expect(readiness(stateAfter())).toMatchObject(bad)
})
