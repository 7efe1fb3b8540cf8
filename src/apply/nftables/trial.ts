import type { Plan } from '../../plan/nftables/operation.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { AttributeWriter } from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { FAMILY, FLAGS, MESSAGE, TABLE } from './constants.ts'
import { encodePlan } from './encode.ts'

const SMALL = 256

/**
 * The first thing that the kernel would refuse of a plan, as its errno.h has it; undefined where it
 * would take all. Nothing is changed: the transaction ends with deleting a table that is not there.
 * Rejects with NetlinkError: EPERM without CAP_NET_ADMIN.
 */
export async function refusedOf(socket: NetlinkSocket, plan: Plan): Promise<string | undefined> {
  const { requests } = encodePlan(plan)
  const writer = new AttributeWriter(SMALL)
  const fail = writer.family(FAMILY.ip).text(TABLE.name, `${TABLE_NAME}-missing`).finish()
  const end = { type: MESSAGE.deleteTable, flags: FLAGS.request, payload: fail }
  const outcome = await socket.transact([...requests, end], 0)
  if (outcome.kind !== 'rejected') return outcome.kind
  return outcome.failures.find(({ index }) => index < requests.length)?.errno
}
