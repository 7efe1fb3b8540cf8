import { nfgenmsg } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { MESSAGE } from './constants.ts'

/** Makes the kernel load connection tracking, as it does when it is first asked about it. */
export async function loadConntrack(): Promise<void> {
  const socket = NetlinkSocket.open()
  try {
    await socket.request({ type: MESSAGE.getStatistics, flags: 0, payload: nfgenmsg(0) })
  } catch (error) {
    // Without it the sysctls are not there, which is said of each.
    if (!(error instanceof NetlinkError)) throw error
  } finally {
    socket.close()
  }
}
