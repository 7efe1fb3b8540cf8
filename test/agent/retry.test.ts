import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Comparisons } from '../../src/agent/comparisons.ts'
import { Waits } from '../../src/model/retry.ts'
import { Retry } from '../../src/telemetry/retry.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

function start() {
  const again = vi.fn()
  const waits = new Waits({ first: 100, most: 1_000, factor: 2, jitter: 0 })
  return { again, retry: new Retry(waits, again) }
}

test('what fails again is tried again later each time, however often it is said to have failed', () => {
  const { again, retry } = start()
  for (const wait of [100, 200, 400]) {
    again.mockClear()
    retry.later()
    retry.later()
    vi.advanceTimersByTime(wait - 1)
    expect(again).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(again).toHaveBeenCalledOnce()
  }
})

test('a success calls off what is due, and the next failure counts as the first', () => {
  const { again, retry } = start()
  retry.later()
  vi.advanceTimersByTime(100)
  retry.later()
  retry.reset()
  vi.advanceTimersByTime(10_000)
  expect(again).toHaveBeenCalledOnce()
  retry.later()
  vi.advanceTimersByTime(100)
  expect(again).toHaveBeenCalledTimes(2)
})

test('after the stop nothing is tried again, whatever fails', () => {
  const { again, retry } = start()
  retry.later()
  retry.stop()
  retry.later()
  vi.advanceTimersByTime(10_000)
  expect(again).not.toHaveBeenCalled()
})

test('comparisons come again and again, each about a period after the one before', () => {
  const compare = vi.fn()
  const comparisons = new Comparisons(() => 1_000, compare)
  comparisons.restart()
  for (let count = 0; count < 5; count++) {
    vi.advanceTimersToNextTimer()
    expect(compare).toHaveBeenCalledTimes(count + 1)
  }
  vi.advanceTimersByTime(899)
  expect(compare).toHaveBeenCalledTimes(5)
  comparisons.restart()
  vi.advanceTimersByTime(899)
  expect(compare).toHaveBeenCalledTimes(5)
  comparisons.stop()
  vi.advanceTimersByTime(10_000)
  expect(compare).toHaveBeenCalledTimes(5)
})
