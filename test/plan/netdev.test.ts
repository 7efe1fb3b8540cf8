import { expect, test } from 'vitest'
import type { Address } from '../../src/model/address.ts'
import { textOf } from '../../src/plan/netdev/explain.ts'
import { turningOn } from '../../src/plan/netdev/operation.ts'
import { committedTable, isAnew, planAnnounce } from '../../src/plan/netdev/plan.ts'
import { announceTable } from '../../src/render/announce/table.ts'
import { TAKEN_SET } from '../../src/ruleset/netdev/handover.ts'

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

test('an offer is taken back also where others have deleted what tells that it was taken', () => {
  const announced = {
    station: { name: 'eth0', index: 2, mac: '02:00:00:00:00:01' },
    addresses: new Set(['192.0.2.1' as Address]),
  }
  const handovers = [{ offer: 1, proofs: [], addresses: announced.addresses }]
  const found = committedTable(announceTable([announced], { handovers }), 'none', 7)
  const kinds = (sets: typeof found.sets): readonly string[] =>
    planAnnounce({ ...found, sets }, announceTable([announced]), 'none').map(({ kind }) => kind)
  expect(kinds(found.sets)).toContain('unless-taken')
  const left = new Map([...found.sets].filter(([name]) => name !== TAKEN_SET))
  expect(kinds(left)).not.toContain('unless-taken')
})
