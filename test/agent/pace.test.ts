import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pace, type Period, type Turn } from '../../src/agent/pace.ts'

const retry = { first: 1000, most: 8000, factor: 2, jitter: 0.5 }
const fixed: Period = { ms: 100, mayEndEarly: false }
const adaptive: Period = { ms: 100, mayEndEarly: true }

beforeEach(() => {
  const immediates = ['setImmediate', 'clearImmediate'] as const
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', ...immediates] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A pace whose runs are noted with the time at which they began. */
function start(turn: () => Turn | Promise<Turn> = () => 'done', period: Period = fixed) {
  const runs: number[] = []
  const pace = new Pace({ period: () => period, urgent: 20, retry }, async () => {
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

/** A turn that takes so long, in milliseconds. */
function taking(ms: number, turn: Turn = 'done'): () => Promise<Turn> {
  return () => new Promise((resolve) => setTimeout(() => resolve(turn), ms))
}

/** Requests one run every `gap` milliseconds, then waits until nothing is left to do. */
async function pokes(pace: Pace, { until, gap }: { until: number; gap: number }): Promise<void> {
  for (let at = 0; at < until; at += gap) {
    pace.poke()
    await vi.advanceTimersByTimeAsync(gap)
  }
  await vi.advanceTimersByTimeAsync(1000)
}

test('what came last in a burst does not wait for the end of a period that may end early', async () => {
  const { pace, runs } = start(taking(2), adaptive)
  await pokes(pace, { until: 245, gap: 5 })
  // The last request came after 240 ms, and nothing for 10 ms after that.
  expect(runs).toEqual([0, 100, 200, 250])
})

test('a period that was chosen does not end early', async () => {
  const { pace, runs } = start(taking(2), fixed)
  await pokes(pace, { until: 245, gap: 5 })
  expect(runs).toEqual([0, 100, 200, 300])
})

test('requests that are further apart are not gathered while runs are short', async () => {
  const { pace, runs } = start(taking(2), adaptive)
  await pokes(pace, { until: 120, gap: 30 })
  expect(runs).toEqual([0, 40, 70, 100])
})

test('a period ends early only when runs have taken a third of the time', async () => {
  const { pace, runs } = start(taking(12), adaptive)
  await pokes(pace, { until: 210, gap: 30 })
  expect(runs).toEqual([0, 40, 76, 112, 148, 190])
})

test('runs that take long are as far apart as ever', async () => {
  const { pace, runs } = start(taking(35), adaptive)
  await pokes(pace, { until: 300, gap: 20 })
  expect(runs).toEqual([0, 100, 200, 300])
})

test('a run that failed shortens nothing', async () => {
  const { pace, runs } = start(taking(1, 'retry'), adaptive)
  for (let at = 0; at < 500; at += 50) {
    pace.poke()
    await vi.advanceTimersByTimeAsync(50)
  }
  // The first wait is half a second at least.
  expect(runs).toEqual([0])
})

test('what cannot wait is gathered in a period that may end early as in any', async () => {
  const { pace, runs } = start(taking(1), adaptive)
  for (let at = 0; at < 90; at++) {
    pace.now()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(runs).toEqual([0, 20, 40, 60, 80])
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

test('a request that a run makes itself waits for its end', async () => {
  const running: number[] = []
  let underWay = 0
  const pace = new Pace({ period: () => adaptive, urgent: 20, retry }, async () => {
    running.push(++underWay)
    if (running.length === 1) pace.poke()
    await new Promise((resolve) => setTimeout(resolve, 5))
    underWay -= 1
    return 'done'
  })
  pace.poke()
  await vi.advanceTimersByTimeAsync(1000)
  expect(running).toEqual([1, 1])
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

test('a stop comes before a run that is about to begin', async () => {
  const { pace, runs } = start()
  pace.poke()
  await pace.stop()
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toEqual([])
})

test('a period that is chosen anew holds from the end of the next run, which cannot wait', async () => {
  let period: Period = { ms: 60_000, mayEndEarly: false }
  const runs: number[] = []
  const origin = performance.now()
  const pace = new Pace({ period: () => period, urgent: 20, retry }, async () => {
    runs.push(Math.round(performance.now() - origin))
    return 'done'
  })
  pace.poke()
  await vi.advanceTimersByTimeAsync(30)
  pace.poke()
  await vi.advanceTimersByTimeAsync(30)
  period = adaptive
  pace.now()
  await vi.advanceTimersByTimeAsync(5)
  pace.poke()
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toEqual([0, 60, 75])
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

/** What comes from outside, after so many milliseconds, and the run after it. */
const event = fc.record({
  gap: fc.integer({ min: 0, max: 60 }),
  kind: fc.constantFrom('poke', 'poke', 'poke', 'now'),
  took: fc.integer({ min: 0, max: 40 }),
  turn: fc.constantFrom<Turn>('done', 'done', 'done', 'retry'),
  asksItself: fc.boolean(),
})

interface Run {
  readonly at: number
  readonly took: number
  readonly turn: Turn
  /** A request that cannot wait came after the run before had begun. */
  readonly isUrgent: boolean
}

/** How far the next run is from the start of this one at least, in milliseconds. */
function leastGap({ took, turn }: Run, isUrgent: boolean, { ms, mayEndEarly }: Period): number {
  const gap = turn === 'retry' ? took + retry.first / 2 : mayEndEarly ? Math.min(ms, 3 * took) : ms
  return isUrgent ? Math.min(gap, Math.max(20, took)) : gap
}

test.each([fixed, adaptive])(
  'whatever comes, runs are one at a time, never too close, and miss nothing (%o)',
  async (period) => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 30 }), async (events) => {
        const runs: Run[] = []
        let [underWay, most, isUrgent, requested] = [0, 0, false, 0]
        const request = (kind: 'poke' | 'now'): void => {
          requested = performance.now()
          isUrgent ||= kind === 'now'
          pace[kind]()
        }
        const pace = new Pace({ period: () => period, urgent: 20, retry }, async () => {
          const { took = 0, turn = 'done', asksItself = false } = events[runs.length] ?? {}
          runs.push({ at: performance.now(), took, turn, isUrgent })
          isUrgent = false
          most = Math.max(most, ++underWay)
          if (asksItself) request('poke')
          if (took > 0) await new Promise((resolve) => setTimeout(resolve, took))
          underWay--
          return turn
        })
        for (const { gap, kind } of events) {
          await vi.advanceTimersByTimeAsync(gap)
          request(kind)
        }
        await vi.advanceTimersByTimeAsync(100_000)
        expect(most).toBe(1)
        expect(runs.at(-1)?.at).toBeGreaterThanOrEqual(requested)
        for (const [at, run] of runs.slice(1).entries()) {
          const before = runs[at] as Run
          expect(run.at - before.at).toBeGreaterThan(leastGap(before, run.isUrgent, period) - 1)
        }
        await pace.stop()
      }),
    )
  },
)
