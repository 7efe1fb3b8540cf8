import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { type AgentState, newState } from '../../src/report/status/agent-state.ts'
import {
  DOUBT_TIMEOUT_MS,
  HEALTH_TIMEOUT_MS,
  health,
  liveness,
  readiness,
} from '../../src/report/status/health.ts'
import { follow } from '../../src/report/status/state.ts'
import { startTelemetryWithLog } from './logged-telemetry.ts'

const committed: Occurrence = {
  event: 'kernel-committed',
  operations: 1,
  bytes: 1,
  durationMs: 1,
  compared: true,
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

describe('what the kernel was last seen to hold counts', () => {
  const foreign: Occurrence = { event: 'foreign-change', process: 'nft', changes: 'changed it' }
  const own: Occurrence = { event: 'backend-replaced', removed: ['2 tables'] }
  const compared: Occurrence = { event: 'kernel-compared', durationMs: 1 }

  test.each([foreign, own])('not ready from $event until it is compared', (doubtful) => {
    const state = stateAfter(committed, doubtful)
    expect(readiness(state).reason).toMatch(/^what the kernel holds is to be compared: n/)
    expect(readiness(state)).toMatchObject(bad)
    follow(state, { ...committed, doubt: 'nft changed it' }, 0)
    expect(readiness(state), 'a commit that does not mend it').toMatchObject(bad)
    for (const mended of [committed, compared]) {
      const repaired = stateAfter(committed, doubtful)
      follow(repaired, mended, 5)
      expect(readiness(repaired)).toEqual({ good: true, reason: 'ready' })
      expect(repaired.verified).toEqual({ at: 5, comparedAt: 5 })
    }
  })

  test('a commit that begins with doubt is no proof', () => {
    const state = stateAfter({ ...committed, doubt: 'another process may have changed it' })
    expect(readiness(state)).toMatchObject(bad)
    expect(state.verified).toBeUndefined()
  })

  test('a commit of changes verifies, and the last comparison stays known', () => {
    const state = stateAfter(committed)
    follow(state, { ...committed, compared: false }, 9)
    expect(state.verified).toEqual({ at: 9, comparedAt: 0 })
  })

  test('balancers hear of it when it lasts', () => {
    const state = stateAfter(committed, foreign)
    expect(health(state, DOUBT_TIMEOUT_MS - 1)).toMatchObject(good)
    const reason = 'what the kernel holds could not be repaired for 10 s: nft changed it'
    expect(health(state, DOUBT_TIMEOUT_MS)).toEqual({ good: false, reason })
  })
})

describe('a configuration that is not in force', () => {
  const source = '/etc/nodelb/config.yaml'
  const waits: Occurrence = { event: 'configuration-waits', source, reason: 'a list of all Nodes' }
  const fails: Occurrence = { event: 'configuration-failed', source, reason: 'no iptables' }

  test('that waits leaves the agent ready, and is said', () => {
    const reason = `ready; ${source} waits for a list of all Nodes; the configuration before it is in force`
    expect(readiness(stateAfter(committed, waits))).toEqual({ good: true, reason })
  })

  test('that cannot be started makes it not ready, but leaves it healthy', () => {
    const state = stateAfter(committed, fails)
    expect(readiness(state).reason).toContain(`${source} cannot be put in force: no iptables; `)
    expect(readiness(state)).toMatchObject(bad)
    expect(health(state, HEALTH_TIMEOUT_MS)).toMatchObject(good)
  })

  test.each([waits, fails])('is forgotten once one is: $event', (before) => {
    const state = stateAfter(committed, before)
    follow(state, { event: 'configuration-loaded', source, notes: [] }, 0)
    expect(readiness(state)).toEqual({ good: true, reason: 'ready' })
  })
})

test('a clock that is set while commits fail, or while one is made, does not show', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { telemetry } = startTelemetryWithLog()
  telemetry.attempting()
  vi.setSystemTime(Date.now() + 10 * HEALTH_TIMEOUT_MS)
  expect(telemetry.healthy()).toBe(true)
  telemetry.tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
  vi.setSystemTime(Date.now() + 10 * HEALTH_TIMEOUT_MS)
  expect(telemetry.healthy()).toBe(true)
})
