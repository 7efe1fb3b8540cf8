import { readServerConnections } from '../../apply/ipvs/connections.ts'
import { openIpvsSockets } from '../../apply/ipvs/sockets.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import { familyOf } from '../../model/address.ts'
import { tableOf } from '../../model/family.ts'
import { serverKey } from '../../ruleset/ipvs/types.ts'
import { labelledCounts } from '../labelled-counts.ts'
import type { Connections } from '../session.ts'

/**
 * Returns what the virtual servers have counted; those of other programs are left out. The sockets
 * are its own, so that no commit waits. Rejects with NetlinkError.
 */
export async function serverConnections(
  renderer: Pick<SessionRenderer, 'label'>,
): Promise<Connections> {
  const { counts, note } = labelledCounts(renderer)
  const sockets = openIpvsSockets()
  try {
    await readServerConnections(sockets.generic, (server, connections) => {
      note(tableOf(familyOf(server.address)), serverKey(server), connections)
    })
    return { kind: 'counted', counts }
  } finally {
    sockets.close()
  }
}
