import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { readMetered } from '../../apply/nftables/connections.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import { labelledCounts } from '../labelled-counts.ts'
import type { Connections } from '../session.ts'

/**
 * Returns what the metered sets have counted. The socket is of its own, so that no commit waits.
 * Rejects with NetlinkError.
 */
export async function meteredConnections(
  renderer: Pick<SessionRenderer, 'label'>,
): Promise<Connections> {
  const { counts, note } = labelledCounts(renderer)
  const socket = NetlinkSocket.open()
  try {
    await readMetered(socket, note)
    return { kind: 'counted', counts }
  } finally {
    socket.close()
  }
}
