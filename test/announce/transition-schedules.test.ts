import fc from 'fast-check'
import { expect, test } from 'vitest'
import { handovers, playSchedule, schedule, standing } from '../support/lan-faults.ts'
import { isLong } from '../support/runs.ts'

// The state machine of who answers on layer 2, with its members and beats, on LANs that are imagined.
// `LONG_TESTS=all` plays 30,000 schedules, with another seed each time.

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

test('a node whose answers come late, or that stood still, is answered for by two for a short time at most', () => {
  fc.assert(
    fc.property(standing, (each) => {
      expect(playSchedule(each)).toEqual([])
    }),
    { numRuns },
  )
})

const CROSSINGS: Readonly<Record<string, Parameters<typeof playSchedule>[0]>> = {
  'dies before it hears that the offer is taken back': {
    nodes: 3,
    lans: 1,
    faults: [
      { kind: 'die', node: 0, after: 2 },
      { kind: 'commit', node: 0, ms: 28 },
      { kind: 'leave', node: 2 },
      { kind: 'wait', ms: 30 },
    ],
  },
  'has just taken its cable out and in again, while the kernel of the other is at work': {
    nodes: 2,
    lans: 1,
    faults: [
      { kind: 'confuse', node: 1 },
      { kind: 'cut', node: 0, lan: 0 },
      { kind: 'wait', ms: 60 },
      { kind: 'commit', node: 1, ms: 71 },
      { kind: 'wait', ms: 60 },
      { kind: 'stall', node: 1, ms: 100 },
    ],
  },
  'does not know that the one that answers late was a member': {
    nodes: 4,
    lans: 1,
    faults: [
      { kind: 'cut', node: 2, lan: 0 },
      { kind: 'die', node: 0, after: 0 },
      { kind: 'wait', ms: 900 },
      { kind: 'answer', node: 3, ms: 99 },
      { kind: 'die', node: 3, after: 0 },
      { kind: 'start', node: 0, stepsBack: false },
      { kind: 'wait', ms: 1 },
      { kind: 'die', node: 1, after: 0 },
      { kind: 'wait', ms: 900 },
    ],
  },
  'leaves itself, and hears late that the offer is taken back by one that died since': {
    nodes: 3,
    lans: 1,
    faults: [
      { kind: 'wait', ms: 30 },
      { kind: 'late', ms: 141 },
      { kind: 'die', node: 0, after: 3 },
      { kind: 'leave', node: 0 },
      { kind: 'wait', ms: 60 },
      { kind: 'leave', node: 1 },
      { kind: 'wait', ms: 11 },
    ],
  },
}

test.each(Object.entries(CROSSINGS))('a handover ends where one that takes it %s', (_, each) => {
  expect(playSchedule(each)).toEqual([])
})
