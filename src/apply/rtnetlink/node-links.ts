import { announcingLinks, type NodeLink } from '../../announce/links.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { listLinkLocal } from './addresses.ts'
import { NETLINK_ROUTE } from './constants.ts'
import { listLinks } from './link-table.ts'

/**
 * Reads the interfaces of this network namespace on which something may be announced: none that one
 * of the regular expressions excludes. Rejects with NetlinkError.
 */
export async function readAnnouncingLinks(
  excluded: readonly string[],
): Promise<readonly NodeLink[]> {
  const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
  try {
    const links = await listLinks(socket)
    const linkLocal = await listLinkLocal(socket)
    const all = links.map((link) => ({ ...link, hasLinkLocal: linkLocal.has(link.index) }))
    return announcingLinks(all, excluded)
  } finally {
    socket.close()
  }
}
