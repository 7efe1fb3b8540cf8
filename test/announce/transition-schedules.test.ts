import fc from 'fast-check'
import { expect, test } from 'vitest'
import { handovers, playSchedule, schedule } from '../support/lan-faults.ts'
import { isLong } from '../support/runs.ts'

// The state machine of who answers on layer 2, with its members and beats, on LANs that are imagined.
// `LONG_TESTS=all` plays 20,000 schedules, with another seed each time.

const numRuns = isLong ? 10_000 : 200

test('two nodes answer only while one hands over to the other, and in the end each address has its owner', () => {
  fc.assert(
    fc.property(schedule, (each) => {
      expect(playSchedule(each)).toEqual([])
    }),
    { numRuns },
  )
})

test('so it is when handovers are begun and taken back, and nodes are slow or die in them', () => {
  fc.assert(
    fc.property(handovers, (each) => {
      expect(playSchedule(each)).toEqual([])
    }),
    { numRuns },
  )
})

test('who took an offer that was taken back meanwhile, and dies before it hears of that, is found out', () => {
  const violations = playSchedule({
    nodes: 3,
    lans: 1,
    faults: [
      { kind: 'die', node: 0, after: 2 },
      { kind: 'commit', node: 0, ms: 28 },
      { kind: 'leave', node: 2 },
      { kind: 'wait', ms: 30 },
    ],
  })
  expect(violations).toEqual([])
})
