import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pace } from '../../src/cli/page/pace.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A pace of work that takes so many milliseconds; with the times at which it began. */
function paced(ms: number, fails = false) {
  const began: number[] = []
  const start = performance.now()
  const pace = new Pace(async () => {
    began.push(performance.now() - start)
    await new Promise((resolve) => setTimeout(resolve, ms))
    if (fails) throw new Error('tried again with the next change')
  })
  return { pace, began }
}

test('the first change is followed at once, and those that come together by one turn', async () => {
  const { pace, began } = paced(1)
  pace.due()
  pace.due()
  await vi.advanceTimersByTimeAsync(1000)
  expect(began).toEqual([50])
})

test('changes without end are followed four times a second at most', async () => {
  const { pace, began } = paced(0)
  for (let ms = 0; ms < 1000; ms += 10) {
    pace.due()
    await vi.advanceTimersByTimeAsync(10)
  }
  expect(began.length).toBeGreaterThan(2)
  expect(began.length).toBeLessThan(5)
})

test('what takes long is done less often: it takes a tenth of the time', async () => {
  const { pace, began } = paced(200)
  for (let ms = 0; ms < 10_000; ms += 50) {
    pace.due()
    await vi.advanceTimersByTimeAsync(50)
  }
  expect(began.length).toBeLessThanOrEqual(5)
  expect(began.length).toBeGreaterThan(2)
})

test('what fails is tried again with the next change, and nothing after the end', async () => {
  const { pace, began } = paced(1, true)
  pace.due()
  await vi.advanceTimersByTimeAsync(1000)
  pace.due()
  await vi.advanceTimersByTimeAsync(1000)
  expect(began).toHaveLength(2)
  pace.due()
  pace.close()
  pace.due()
  await vi.advanceTimersByTimeAsync(1000)
  expect(began).toHaveLength(2)
})
