import { expect, test } from 'vitest'
import { textOf } from '../../src/plan/netdev/explain.ts'
import { turningOn } from '../../src/plan/netdev/operation.ts'
import { committedTable, isAnew, planAnnounce } from '../../src/plan/netdev/plan.ts'
import { announceTable } from '../../src/render/announce/table.ts'

const wanted = announceTable([])

test('the switch is off in a table that is made anew, and stays as it is in one that is kept', () => {
  expect(isAnew(planAnnounce(undefined, wanted, 'none'))).toBe(true)
  const flags = committedTable(wanted, 'none', 7)
  expect(isAnew(planAnnounce(flags, wanted, 'kernel'))).toBe(true)
  expect(isAnew(planAnnounce(flags, wanted, 'none'))).toBe(false)
  const station = { name: 'eth0', index: 2, mac: '02:00:00:00:00:01' }
  const more = announceTable([{ station, addresses: new Set() }])
  expect(isAnew(planAnnounce(flags, more, 'none'))).toBe(false)
})

test('a switch that is on already is turned on for longer, which an add alone does not do', () => {
  expect(turningOn(15_000).map(textOf)).toEqual([
    '+ element netdev nodelb-announce alive { 0.0.0.1 timeout 15000ms }',
    '- element netdev nodelb-announce alive { 0.0.0.1 }',
    '+ element netdev nodelb-announce alive { 0.0.0.1 timeout 15000ms }',
  ])
})
