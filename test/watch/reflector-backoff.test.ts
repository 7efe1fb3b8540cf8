import { expect, test } from 'vitest'
import { startBackoff } from '../../src/watch/backoff.ts'

test('the limit doubles from half a second to half a minute, and stays there', () => {
  const backoff = startBackoff(() => 1)
  const waits = Array.from({ length: 9 }, () => backoff.next())
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('the wait is anywhere below the limit', () => {
  const draws = [0, 0.25, 0.5]
  const backoff = startBackoff(() => draws.shift() ?? 1)
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([0, 250, 1000])
})

test('after a success it begins again', () => {
  const backoff = startBackoff(() => 1)
  backoff.next()
  backoff.next()
  backoff.reset()
  expect(backoff.next()).toBe(500)
})
