import { expect, test } from 'vitest'
import { Fights } from '../../src/controller/fights.ts'
import type { Address } from '../../src/model/address.ts'

const OURS = ['192.0.2.1'] as Address[]
const THEIRS = ['192.0.2.99'] as Address[]
const MINUTE = 60_000

/** Writes a status, sees it come back, and sees it replaced; returns whether a fight is noticed. */
function replaced(fights: Fights, now: number): boolean {
  fights.wrote('shop/web', OURS)
  fights.saw('shop/web', OURS, now)
  return fights.saw('shop/web', THEIRS, now)
}

test('three replacements within ten minutes are a fight, which ends for an hour', () => {
  const fights = new Fights()
  expect(replaced(fights, 0)).toBe(false)
  expect(replaced(fights, MINUTE)).toBe(false)
  expect(fights.isContested('shop/web', MINUTE)).toBe(false)
  expect(replaced(fights, 2 * MINUTE)).toBe(true)
  expect(fights.isContested('shop/web', 61 * MINUTE)).toBe(true)
  expect(fights.isContested('shop/web', 62 * MINUTE)).toBe(false)
  expect(fights.isContested('shop/other', 2 * MINUTE)).toBe(false)
})

test('replacements that are further apart are none', () => {
  const fights = new Fights()
  for (let time = 0; time < 60; time += 6) expect(replaced(fights, time * MINUTE)).toBe(false)
})

test('the fight over a Service is forgotten with it', () => {
  const fights = new Fights()
  for (let time = 0; time < 3; time++) replaced(fights, time)
  fights.forget('shop/web')
  expect(fights.isContested('shop/web', 3)).toBe(false)
})
