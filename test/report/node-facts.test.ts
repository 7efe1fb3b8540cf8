import { expect, test } from 'vitest'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { nodeFacts } from '../../src/report/status/node-facts.ts'
import { follow } from '../../src/report/status/state.ts'
import { RecentTimes } from '../../src/telemetry/recent-times.ts'

const BEGIN = Date.parse('2026-01-01T00:00:00Z')
const HOUR = 3_600_000

/** The facts after these occurrences, each an hour after the one before it. */
function factsAfter(occurrences: readonly Occurrence[], recent = new RecentTimes()) {
  const state = newState(BEGIN)
  for (const [hour, each] of occurrences.entries()) follow(state, each, BEGIN + hour * HOUR)
  const moment = { now: BEGIN + Math.max(0, occurrences.length - 1) * HOUR, steady: 0 }
  return nodeFacts(state, { version: '0.1.0', recent }, moment)
}

const chosen: Occurrence = {
  ...{ event: 'backend-chosen', backend: 'nftables (auto)', scope: 'all', reason: 'x' },
}
const committed: Occurrence = {
  ...{ event: 'kernel-committed', operations: 3, bytes: 1, durationMs: 2, compared: true },
}
const repaired: Occurrence = { event: 'drift-repaired', operations: 2, found: '- a rule' }

test('at the start little is known', () => {
  expect(factsAfter([])).toEqual({
    ...{ observedAt: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:00.000Z' },
    ...{ version: '0.1.0', backend: null, scope: null, owned: null, ready: false },
    reason: expect.stringContaining('nothing is committed yet'),
    ...{ p99Milliseconds: null, changes: 0, lastChangeAt: null, comparedAt: null, repairs: 0 },
    ...{ drift: null, refused: [], refusedServices: 0 },
  })
})

test('what was programmed, compared and repaired is told with its time', () => {
  const recent = new RecentTimes()
  recent.add(8, 0)
  const facts = factsAfter([chosen, { event: 'table-owned' }, committed, repaired], recent)
  expect(facts).toMatchObject({
    ...{ backend: 'nftables (auto)', scope: 'all', owned: true, ready: true, reason: 'ready' },
    ...{ lastChangeAt: '2026-01-01T02:00:00.000Z', comparedAt: '2026-01-01T03:00:00.000Z' },
    ...{ p99Milliseconds: 8, changes: 1, repairs: 1 },
  })
})

test('a commit of nothing, which each comparison begins with, is no change', () => {
  const nothing: Occurrence = { ...committed, operations: 0 }
  expect(factsAfter([nothing]).lastChangeAt).toBe(null)
  expect(factsAfter([committed, nothing]).lastChangeAt).toBe('2026-01-01T00:00:00.000Z')
})

test('a repair counts for a day', () => {
  const compared: Occurrence = { event: 'kernel-compared', durationMs: 1 }
  const hours = (count: number): readonly Occurrence[] =>
    Array.from({ length: count }, () => compared)
  expect(factsAfter([repaired, ...hours(23)]).repairs).toBe(1)
  expect(factsAfter([repaired, ...hours(24)]).repairs).toBe(0)
})

test('what others changed is drift until it is compared', () => {
  const foreign: Occurrence = {
    event: 'foreign-change',
    process: 'nft',
    pid: 7,
    changes: 'changed it',
  }
  const { drift, ready } = factsAfter([committed, foreign])
  expect(drift).toEqual({ since: '2026-01-01T01:00:00.000Z', reason: 'nft changed it' })
  expect(ready).toBe(false)
  expect(factsAfter([committed, foreign, repaired]).drift).toBe(null)
})

test('they stay small, however much is refused and however long the kernel speaks', () => {
  const refused = Array.from({ length: 500 }, (_, i): Occurrence => {
    return { event: 'service-refused', service: `shop/web-${i}`, reason: 'x'.repeat(5000) }
  })
  const failed: Occurrence = { event: 'commit-failed', reason: 'x'.repeat(5000), durationMs: 1 }
  const facts = factsAfter([committed, ...refused, failed])
  expect(facts.refusedServices).toBe(500)
  expect(facts.refused).toHaveLength(10)
  expect(facts.refused[0]?.service).toBe('shop/web-0')
  expect(facts.reason).toHaveLength(300)
  expect(JSON.stringify(facts).length).toBeLessThan(5000)
})
