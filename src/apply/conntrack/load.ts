import { nfgenmsg } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { MESSAGE } from './constants.ts'

/**
 * Makes the kernel load connection tracking, which it does at the first request about it. Ignores a
 * refusal; throws NetlinkError where no socket can be opened.
 */
export async function loadConntrack(): Promise<void> {
  const socket = NetlinkSocket.open()
  try {
    await socket.request({ type: MESSAGE.getStatistics, flags: 0, payload: nfgenmsg(0) })
  } catch (error) {
    // Without connection tracking its sysctls are missing, which is reported for each of them.
    if (!(error instanceof NetlinkError)) throw error
  } finally {
    socket.close()
  }
}
