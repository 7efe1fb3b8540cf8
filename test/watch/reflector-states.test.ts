import { expect, test } from 'vitest'
import { sayChanges } from '../../src/watch/say-changes.ts'
import type { SourceState } from '../../src/watch/source.ts'

const listing: SourceState = { kind: 'listing' }
const following: SourceState = { kind: 'following', resourceVersion: '1' }
const lost = (reason: string, retryMs = 0): SourceState => ({ kind: 'lost', reason, retryMs })

function told(states: readonly SourceState[]): SourceState[] {
  const said: SourceState[] = []
  const say = sayChanges((state) => said.push(state))
  for (const state of states) say(state)
  return said
}

test('a thousand failures for two reasons are told twice', () => {
  const outage = Array.from({ length: 500 }, (_, i) => [lost('a', i), lost('b', i)]).flat()
  expect(told([following, ...outage, following])).toEqual([
    following,
    lost('a'),
    lost('b'),
    following,
  ])
})

test('lists that fail one after the other are told once', () => {
  const start = [listing, lost('a'), listing, lost('a'), listing, lost('a'), listing, following]
  expect(told(start)).toEqual([listing, lost('a'), following])
})

test('the next outage is told again', () => {
  const twice = [following, lost('a'), following, lost('a'), following]
  expect(told(twice)).toEqual(twice)
})

test('one watch after the other is no news; a new list is', () => {
  expect(told([listing, following, following, listing, following])).toEqual([
    listing,
    following,
    listing,
    following,
  ])
})
