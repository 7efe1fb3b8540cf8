import type { ServerId } from '../../ruleset/ipvs/types.ts'
import { findFamily } from '../generic/family.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { IPVS_FAMILY } from './constants.ts'
import { decodeConnections, decodeServer } from './decode.ts'
import { listServers } from './encode.ts'

/**
 * Hands over each virtual server with the number of connections that were begun to it. A kernel
 * without ipvs has no virtual servers. Rejects with NetlinkError.
 */
export async function readServerConnections(
  socket: NetlinkSocket,
  visit: (server: ServerId, connections: number) => void,
): Promise<void> {
  const family = await findFamily(socket, IPVS_FAMILY)
  if (family.kind !== 'found') return
  await socket.walk(listServers(family.id), (reply) => {
    const server = decodeServer(reply)
    if (server !== undefined) visit(server, decodeConnections(reply))
  })
}
