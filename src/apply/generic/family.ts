import { readU16 } from '../netlink/host-order.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { CONTROL, CONTROL_ATTRIBUTE, GENL_ID_CTRL } from './constants.ts'
import { genericAttributes, genericRequest } from './message.ts'

export type Family =
  | { readonly kind: 'found'; readonly id: number }
  /** The kernel has no such family, and no module for it that it may load. */
  | { readonly kind: 'missing' }

/**
 * Returns the number of a generic netlink family, which is valid until the machine reboots. Asking
 * makes the kernel load the family's module (genetlink.c, ctrl_getfamily). Rejects with
 * NetlinkError, except for ENOENT.
 */
export async function findFamily(socket: NetlinkSocket, name: string): Promise<Family> {
  const request = genericRequest(GENL_ID_CTRL, CONTROL.getFamily, (writer) =>
    writer.text(CONTROL_ATTRIBUTE.name, name),
  )
  try {
    for (const { payload } of await socket.request(request)) {
      const id = readU16(genericAttributes(payload).get(CONTROL_ATTRIBUTE.id))
      if (id !== 0) return { kind: 'found', id }
    }
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code !== 'ENOENT') throw error
  }
  return { kind: 'missing' }
}
