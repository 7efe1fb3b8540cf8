import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { readMetered } from '../../apply/nftables/connections.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import type { ConnectionCount } from '../../frontend/connection-totals.ts'
import type { Connections } from '../session.ts'

/**
 * Returns what the metered sets have counted. The socket is of its own, so that no commit waits.
 * Rejects with NetlinkError.
 */
export async function meteredConnections(
  renderer: Pick<SessionRenderer, 'label'>,
): Promise<Connections> {
  const counts: ConnectionCount[] = []
  const socket = NetlinkSocket.open()
  try {
    await readMetered(socket, (family, id, connections) => {
      const label = renderer.label(family, id)
      if (label !== undefined) counts.push({ family, id, label, connections })
    })
    return { kind: 'counted', counts }
  } finally {
    socket.close()
  }
}
