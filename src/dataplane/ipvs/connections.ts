import { readServerConnections } from '../../apply/ipvs/connections.ts'
import { openIpvsSockets } from '../../apply/ipvs/sockets.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import type { ConnectionCount } from '../../frontend/connection-totals.ts'
import { familyOf } from '../../model/address.ts'
import { tableOf } from '../../model/family.ts'
import { serverKey } from '../../ruleset/ipvs/types.ts'
import type { Connections } from '../session.ts'

/**
 * Returns what the virtual servers have counted; those of other programs are left out. The sockets
 * are its own, so that no commit waits. Rejects with NetlinkError.
 */
export async function serverConnections(
  renderer: Pick<SessionRenderer, 'label'>,
): Promise<Connections> {
  const counts: ConnectionCount[] = []
  const sockets = openIpvsSockets()
  try {
    await readServerConnections(sockets.generic, (server, connections) => {
      const [family, id] = [tableOf(familyOf(server.address)), serverKey(server)]
      const label = renderer.label(family, id)
      if (label !== undefined) counts.push({ family, id, label, connections })
    })
    return { kind: 'counted', counts }
  } finally {
    sockets.close()
  }
}
