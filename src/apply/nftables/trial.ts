import type { Plan } from '../../plan/nftables/operation.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { AttributeWriter } from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { FAMILY, FLAGS, MESSAGE, TABLE } from './constants.ts'
import { encodePlan } from './encode.ts'

const SMALL = 256

/**
 * Returns the errno name of the first operation of a plan that the kernel would refuse, or the
 * outcome's kind if there is no verdict; undefined where it would take all. Nothing changes: the
 * transaction ends with the deletion of a table that does not exist. Rejects with NetlinkError,
 * such as EPERM without CAP_NET_ADMIN.
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
