import { expect, test } from 'vitest'
import { commitAnnounce, refusedOnTrial } from '../../../src/apply/netdev/commit.ts'
import type { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'

/** What becomes of a transaction that the kernel, or the socket to it, does not take. */

const plan = [{ kind: 'add-table' }, { kind: 'add-chain', chain: 'eth0', device: 'eth0' }] as const
const ending = (outcome: object): NetlinkSocket =>
  ({ transact: async () => outcome }) as unknown as NetlinkSocket
const refused = (...indexes: readonly number[]) => ({
  kind: 'rejected',
  failures: indexes.map((index) => ({ index, errno: 'ENOENT' })),
})

test.each<[object, object]>([
  [{ kind: 'committed' }, { kind: 'committed' }],
  [{ kind: 'stale' }, { kind: 'stale' }],
  [
    { kind: 'too-large', bytes: 9_000, limit: 1 },
    { kind: 'failed', reason: 'the batch has 9000 bytes, too many for a socket' },
  ],
  [{ kind: 'no-answer' }, { kind: 'failed', reason: 'the kernel did not answer' }],
  [refused(1), { kind: 'refused', refused: [{ operation: plan[1], errno: 'ENOENT' }] }],
  [refused(99), { kind: 'failed', reason: 'the kernel refused the batch' }],
])('%j is told as %j', async (outcome, told) => {
  expect(await commitAnnounce(ending(outcome), plan, 0)).toEqual(told)
})

test('on trial the first operation that the kernel refuses is told, if it is one of the plan', async () => {
  expect(await refusedOnTrial(ending(refused(1, 2)), plan)).toEqual({
    ...{ operation: plan[1], errno: 'ENOENT' },
  })
  expect(await refusedOnTrial(ending(refused(2)), plan)).toBeUndefined()
  expect(await refusedOnTrial(ending({ kind: 'no-answer' }), plan)).toBeUndefined()
})
