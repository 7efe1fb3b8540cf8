import { expect, test } from 'vitest'
import { ExemptChanges } from '../../src/exempt/exempt-changes.ts'
import { ownerOf } from '../../src/frontend/label-text.ts'

interface Change {
  readonly key: string
  readonly before: number
  readonly after: number
}

const web = ownerOf('shop/web')
const api = ownerOf('shop/api')

function noChanges(): ExemptChanges<Change> {
  return new ExemptChanges({
    idOf: ({ key }) => key,
    changesNothing: ({ before, after }) => before === after,
  })
}

test('the kernel keeps what it had when a change was first refused, whoever wants another since', () => {
  const changes = noChanges()
  const first = { key: 'a', before: 1, after: 2 }
  changes.exempt(web, [first])
  changes.exempt(api, [{ key: 'a', before: 2, after: 3 }])
  expect(changes.all()).toEqual([first])
  expect(changes.serviceOf({ key: 'a', before: 2, after: 4 })).toBe(web)
  changes.readmit(api)
  expect(changes.all()).toEqual([first])
})

test('what is readmitted is due once, from what the kernel has to what is wanted by then', () => {
  const changes = noChanges()
  changes.exempt(web, [
    { key: 'changed since', before: 1, after: 2 },
    { key: 'changes now', before: 1, after: 2 },
    { key: 'changed back', before: 1, after: 2 },
  ])
  changes.readmit(web)
  const wanted = new Map(Object.entries({ 'changed since': 3, 'changed back': 1 }))
  const now = [{ key: 'changes now', before: 2, after: 4 }]
  expect(changes.adjusted(now, ({ key }) => wanted.get(key) ?? 0)).toEqual([
    { key: 'changes now', before: 1, after: 4 },
    { key: 'changed since', before: 1, after: 3 },
  ])
  expect(changes.adjusted(now, () => 0)).toEqual(now)
})

test('a Service of which nothing is exempt can be readmitted', () => {
  const changes = noChanges()
  changes.exempt(web, [{ key: 'a', before: 1, after: 2 }])
  changes.readmit(api)
  expect(changes.size).toBe(1)
  expect(changes.adjusted([], () => 0)).toEqual([])
})
