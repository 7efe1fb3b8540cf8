import fc from 'fast-check'
import { expect, test } from 'vitest'
import { playSchedule, schedule } from '../support/lan-faults.ts'
import { isLong } from '../support/runs.ts'

// The state machine of who answers on layer 2, with its members and beats, on LANs that are imagined.
// `LONG_TESTS=all` plays 10,000 schedules, with another seed each time.

test('two nodes answer only while one hands over to the other, and in the end each address has its owner', () => {
  fc.assert(
    fc.property(schedule, (each) => {
      expect(playSchedule(each)).toEqual([])
    }),
    { numRuns: isLong ? 10_000 : 200 },
  )
})
