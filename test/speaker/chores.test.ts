import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Chores } from '../../src/speaker/chores.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Chores that take a millisecond each, and what was done, with `last` where nothing was left. */
function doing(count: number) {
  const done: (number | 'last')[] = []
  const chores = new Chores()
  for (let at = 0; at < count; at++) {
    chores.add(() => {
      vi.advanceTimersByTime(1)
      done.push(at)
    })
  }
  return { done, chores, next: (isBusy: boolean) => chores.next(isBusy, () => done.push('last')) }
}

test('they are done in their order, three milliseconds at a time, and the last one when nothing is left', () => {
  const { done, next } = doing(5)
  expect(next(false)).toBe(0)
  expect(done).toEqual([0, 1, 2])
  expect(next(false)).toBeUndefined()
  expect(done).toEqual([0, 1, 2, 3, 4, 'last'])
  expect(next(false)).toBeUndefined()
  expect(done.at(-1)).toBe('last')
})

test('they wait while addresses change hands, for 200 milliseconds each time', () => {
  const { done, next } = doing(1)
  expect(next(true)).toBe(200)
  vi.advanceTimersByTime(150)
  expect(next(true)).toBe(50)
  next(false)
  expect(done).toEqual([0, 'last'])
  expect(next(true)).toBe(200)
  vi.advanceTimersByTime(200)
  expect(next(true)).toBeUndefined()
  expect(done).toEqual([0, 'last', 'last'])
})

test('at the end all are done, without the last one', () => {
  const { done, chores } = doing(5)
  chores.finish()
  expect(done).toEqual([0, 1, 2, 3, 4])
})
