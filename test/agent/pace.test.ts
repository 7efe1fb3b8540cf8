import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pace, type Turn } from '../../src/agent/pace.ts'

const retry = { first: 1000, most: 8000, factor: 2, jitter: 0.5 }
const limits = { interval: () => 100, urgent: 20, retry }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A pace whose runs are noted with the time at which they began. */
function start(turn: () => Turn | Promise<Turn> = () => 'done') {
  const runs: number[] = []
  const pace = new Pace(limits, async () => {
    runs.push(Math.round(performance.now()) - origin)
    return turn()
  })
  const origin = Math.round(performance.now())
  return { pace, runs }
}

test('the first change runs at once, a burst behind it is gathered', async () => {
  const { pace, runs } = start()
  for (let at = 0; at < 250; at += 10) {
    pace.poke()
    await vi.advanceTimersByTimeAsync(10)
  }
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toEqual([0, 100, 200, 300])
})

test('a change during a run is not forgotten', async () => {
  let finish: (turn: Turn) => void = () => undefined
  const { pace, runs } = start(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  pace.poke()
  await vi.advanceTimersByTimeAsync(500)
  pace.poke()
  await vi.advanceTimersByTimeAsync(500)
  expect(runs).toEqual([0])
  finish('done')
  await vi.advanceTimersByTimeAsync(1)
  expect(runs).toEqual([0, 1000])
})

test('failures are retried by themselves, ever more slowly, also when poked', async () => {
  const { pace, runs } = start(() => 'retry')
  for (let at = 0; at < 40_000; at += 100) {
    pace.poke()
    await vi.advanceTimersByTimeAsync(100)
  }
  const waits = runs.slice(1).map((at, i) => at - (runs[i] ?? 0))
  const expected = [1000, 2000, 4000, 8000, 8000]
  for (const [i, most] of expected.entries()) {
    expect(waits[i]).toBeGreaterThanOrEqual(most / 2)
    expect(waits[i]).toBeLessThanOrEqual(most + 1)
  }
})

test('what cannot wait does not wait for a retry', async () => {
  const { pace, runs } = start(() => (runs.length === 1 ? 'retry' : 'done'))
  pace.poke()
  await vi.advanceTimersByTimeAsync(100)
  pace.now()
  await vi.advanceTimersByTimeAsync(1)
  expect(runs).toEqual([0, 100])
})

test('what cannot wait and comes during a run waits neither for a pause nor for a retry', async () => {
  let finish: (turn: Turn) => void = () => undefined
  const { pace, runs } = start(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  pace.poke()
  await vi.advanceTimersByTimeAsync(5)
  pace.now()
  finish('retry')
  await vi.advanceTimersByTimeAsync(100)
  finish('done')
  await vi.advanceTimersByTimeAsync(100)
  expect(runs).toEqual([0, 20])
})

test('what cannot wait and comes without end is gathered, too', async () => {
  const { pace, runs } = start()
  for (let at = 0; at < 90; at++) {
    pace.now()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(runs).toEqual([0, 20, 40, 60, 80])
})

test('after the stop nothing runs', async () => {
  const { pace, runs } = start()
  pace.poke()
  await vi.advanceTimersByTimeAsync(1)
  pace.poke()
  await pace.stop()
  pace.poke()
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toEqual([0])
})
