import { OWNED } from '../../plan/nftables/ownership.ts'
import { AttributeWriter } from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { FAMILY, FLAGS, MESSAGE, TABLE } from './constants.ts'

const PROBE = 'nodelb-probe'
const SMALL = 256

/**
 * Returns whether the kernel supports tables with an owner. It asks for one in a transaction that
 * cannot succeed, because that also deletes a table that does not exist. A kernel without support
 * answers EOPNOTSUPP or EINVAL. Rejects with NetlinkError.
 */
export async function supportsOwnership(socket: NetlinkSocket): Promise<boolean> {
  const writer = new AttributeWriter(SMALL)
  const make = writer.family(FAMILY.ip).text(TABLE.name, PROBE).u32(TABLE.flags, OWNED).finish()
  const fail = writer.family(FAMILY.ip).text(TABLE.name, `${PROBE}-missing`).finish()
  const outcome = await socket.transact(
    [
      { type: MESSAGE.newTable, flags: FLAGS.create, payload: make },
      { type: MESSAGE.deleteTable, flags: FLAGS.request, payload: fail },
    ],
    0,
  )
  return outcome.kind === 'rejected' && outcome.failures.every(({ index }) => index !== 0)
}
