import { expect, test } from 'vitest'
import { addWant, dropWant, noWants, takeTouched } from '../../src/render/wants.ts'

test('what changes and changes again is told once, from the value before the first change', () => {
  const wants = noWants<string, number>()
  addWant(wants, 'a', 1, true)
  expect([...takeTouched(wants)]).toEqual([['a', undefined, 1]])
  expect(dropWant(wants, 'a', true)).toBe(1)
  addWant(wants, 'a', 2, true)
  expect(dropWant(wants, 'a', true)).toBe(2)
  addWant(wants, 'a', 3, true)
  expect([...takeTouched(wants)]).toEqual([['a', 1, 3]])
  expect([...takeTouched(wants)]).toEqual([])
})

test('what several want goes with the last of them', () => {
  const wants = noWants<string, number>()
  for (let each = 0; each < 3; each++) addWant(wants, 'a', 1, false)
  expect([...takeTouched(wants)]).toEqual([])
  expect(dropWant(wants, 'a', true)).toBeUndefined()
  expect(dropWant(wants, 'a', true)).toBeUndefined()
  expect([...takeTouched(wants)]).toEqual([])
  expect(dropWant(wants, 'a', true)).toBe(1)
  expect([...takeTouched(wants)]).toEqual([['a', 1, undefined]])
  expect(dropWant(wants, 'a', true)).toBeUndefined()
})
