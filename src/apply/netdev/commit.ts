import { setTimeout as pause } from 'node:timers/promises'
import type { Operation, Plan } from '../../plan/netdev/operation.ts'
import { AttributeWriter } from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { FAMILY, FLAGS, MESSAGE, TABLE } from '../nftables/constants.ts'
import { encodePlan } from './encode.ts'

/** What the kernel says of an operation that it does not take. */
export interface Refused {
  readonly operation: Operation
  /** The name in the kernel's errno.h, such as `ENOENT`. */
  readonly errno: string
}

type Outcome =
  | { readonly kind: 'committed' }
  /** Something else was committed since the table was read. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly refused: readonly [Refused, ...Refused[]] }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Working out and encoding hundreds of addresses takes about as long as a process has its processor. Who rests for so many
 * milliseconds before the commit has it again for all that is urgent after it.
 */
const REST_MS = 1

/**
 * Commits a plan in one transaction; generation 0 stands for any. Nothing is changed unless the
 * outcome is `committed`, or `failed` because no answer came. `committed` is called before the promise resolves, if
 * that can be (`NetlinkSocket.transact`). Rejects with NetlinkError.
 */
export async function commitAnnounce(
  socket: NetlinkSocket,
  plan: Plan,
  generation: number,
  committed?: () => void,
): Promise<Outcome> {
  const encoded = encodePlan(plan)
  if (committed !== undefined) await pause(REST_MS)
  const outcome = await socket.transact(
    encoded.map(({ request }) => request),
    generation,
    committed,
  )
  switch (outcome.kind) {
    case 'committed':
    case 'stale':
      return outcome
    case 'rejected': {
      const [first, ...more] = outcome.failures.flatMap(({ index, errno }): Refused[] => {
        const operation = encoded[index]?.operation
        return operation === undefined ? [] : [{ operation, errno }]
      })
      if (first === undefined) return { kind: 'failed', reason: 'the kernel refused the batch' }
      return { kind: 'refused', refused: [first, ...more] }
    }
    case 'too-large':
      return {
        kind: 'failed',
        reason: `the batch has ${outcome.bytes} bytes, too many for a socket`,
      }
    case 'no-answer':
      return { kind: 'failed', reason: 'the kernel did not answer' }
  }
}

/**
 * Returns what the kernel would refuse of a plan for a new table; undefined where it takes all.
 * Nothing changes: the transaction ends with the deletion of a table that does not exist. Rejects
 * with NetlinkError, such as EPERM without CAP_NET_ADMIN.
 */
export async function refusedOnTrial(
  socket: NetlinkSocket,
  plan: Plan,
): Promise<Refused | undefined> {
  const encoded = encodePlan(plan, TRIAL)
  const payload = new AttributeWriter(256)
    .family(FAMILY.netdev)
    .text(TABLE.name, `${TRIAL}-missing`)
    .finish()
  const end = { type: MESSAGE.deleteTable, flags: FLAGS.request, payload }
  const outcome = await socket.transact([...encoded.map(({ request }) => request), end], 0)
  if (outcome.kind !== 'rejected') return undefined
  for (const { index, errno } of outcome.failures) {
    const operation = encoded[index]?.operation
    if (operation !== undefined) return { operation, errno }
  }
  return undefined
}

const TRIAL = 'nodelb-announce-trial'
