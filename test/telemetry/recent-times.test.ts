import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentTimes } from '../../src/telemetry/recent-times.ts'

const MINUTE = 60_000

test('nothing is known before anything took time', () => {
  expect(new RecentTimes().last(0)).toEqual({ count: 0, p99: undefined })
})

test('99 of 100 took at most so long, to a tenth', () => {
  const milliseconds = fc.double({ min: 0, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 300 }), (times) => {
      const recent = new RecentTimes()
      for (const ms of times) recent.add(ms, 0)
      const { count, p99 = 0 } = recent.last(0)
      const sorted = times.toSorted((a, b) => a - b)
      const exact = Math.max(1, sorted[Math.ceil(times.length * 0.99) - 1] ?? 0)
      expect(count).toBe(times.length)
      expect(p99).toBeGreaterThanOrEqual(exact - 0.5)
      expect(p99).toBeLessThanOrEqual(exact * 1.1 + 0.5)
    }),
  )
})

test('one of a hundred is passed over, two are not', () => {
  const recent = new RecentTimes()
  for (let i = 0; i < 99; i++) recent.add(1, 0)
  recent.add(5000, 0)
  expect(recent.last(0)).toEqual({ count: 100, p99: 1 })
  recent.add(5000, 0)
  expect(recent.last(0).p99).toBeGreaterThanOrEqual(5000)
})

test('what is an hour ago is forgotten, also where nothing came since', () => {
  const recent = new RecentTimes()
  recent.add(100, 0)
  recent.add(7, 30 * MINUTE)
  expect(recent.last(59 * MINUTE)).toEqual({ count: 2, p99: 107 })
  expect(recent.last(60 * MINUTE)).toEqual({ count: 1, p99: 7 })
  expect(recent.last(90 * MINUTE)).toEqual({ count: 0, p99: undefined })
  for (let minute = 100; minute < 1000; minute += 5) recent.add(1, minute * MINUTE)
  expect(recent.last(999 * MINUTE)).toEqual({ count: 12, p99: 1 })
})
