import { expect, test } from 'vitest'
import { ChangeNotes, completed, type ServedFrontends } from '../../src/frontend/frontend-change.ts'
import type { FrontendId } from '../../src/model/frontend-id.ts'
import type { Tuple } from '../../src/model/tuple.ts'

const id = '192.0.2.1 . tcp . 80' as FrontendId
const first = '10.1.0.1 . 80' as Tuple
const second = '10.1.0.2 . 80' as Tuple
const third = '10.1.0.3 . 80' as Tuple

function served(...endpoints: readonly Tuple[]): ServedFrontends {
  return {
    all: () => [{ family: 'ip', id }],
    every: () => [{ family: 'ip', id }],
    endpoints: () => new Set(endpoints),
    has: () => true,
    answersNodePorts: () => false,
  }
}

test('a frontend led somewhere before if an endpoint went or stayed, and leads where it has one', () => {
  const notes = new ChangeNotes()
  const noted = notes.of({ family: 'ip', id })
  noted.came.add(first)
  expect(notes.of({ family: 'ip', id })).toBe(noted)
  expect(completed(notes.all(), served(first))).toMatchObject([
    { before: { leads: false }, after: { leads: true } },
  ])
  expect(completed(notes.all(), served(first, third))).toMatchObject([{ before: { leads: true } }])
  noted.gone.add(second)
  const [change] = completed(notes.all(), served())
  expect(change).toMatchObject({ before: { leads: true }, after: { leads: false } })
  expect([...(change?.gone ?? [])]).toEqual([second])
})
