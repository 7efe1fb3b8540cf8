import type { Link } from '../../announce/link.ts'
import { HOST_LITTLE_ENDIAN, readAttributes, readText } from '../netlink/attributes.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import {
  ETHERNET,
  IPV6_ADDRESS_GROUP,
  LINK,
  LINK_FLAG,
  LINK_GROUP,
  LINK_HEADER,
  MESSAGE,
  NETLINK_ROUTE,
} from './constants.ts'

/** Returns all interfaces of this network namespace, by index. Rejects with NetlinkError. */
export async function listLinks(socket: NetlinkSocket): Promise<readonly Link[]> {
  const links: Link[] = []
  const request = { type: MESSAGE.getLink, flags: 0, payload: Buffer.alloc(LINK_HEADER) }
  await socket.walk(request, ({ payload }) => links.push(decodeLink(payload)))
  return links.toSorted((a, b) => a.index - b.index)
}

/**
 * Calls `changed` whenever an interface came, went or changed, such as by losing its carrier, with the
 * interface as it is then; and without one when an IPv6 address came or went. Returns what stops
 * it. Throws NetlinkError. Announcements may get lost in a flood of them, but the last one comes.
 */
export function watchLinks(changed: (link: Link | undefined) => void): () => void {
  const groups = [LINK_GROUP, IPV6_ADDRESS_GROUP]
  const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE, groups })
  socket.onMessage(({ type, payload }) => {
    if (type === MESSAGE.newLink || type === MESSAGE.deleteLink) changed(decodeLink(payload))
    if (type === MESSAGE.newAddress || type === MESSAGE.deleteAddress) changed(undefined)
  })
  return () => socket.close()
}

/** Reads struct ifinfomsg: family, padding, type (u16), index (i32), flags (u32), change mask. */
function decodeLink(payload: Buffer): Link {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const flags = view.getUint32(8, HOST_LITTLE_ENDIAN)
  const found = readAttributes(payload.subarray(LINK_HEADER))
  const mac = found.get(LINK.address)
  return {
    name: readText(found.get(LINK.name)),
    index: view.getInt32(4, HOST_LITTLE_ENDIAN),
    mac: mac?.length === MAC_BYTES ? (mac.toString('hex').match(/../g) ?? []).join(':') : '',
    isEthernet: view.getUint16(2, HOST_LITTLE_ENDIAN) === ETHERNET,
    isUp: (flags & LINK_FLAG.up) !== 0,
    hasCarrier: (flags & LINK_FLAG.lowerUp) !== 0,
    isBroadcast: (flags & LINK_FLAG.broadcast) !== 0,
    usesArp: (flags & LINK_FLAG.noArp) === 0,
    hasMaster: found.has(LINK.master),
  }
}

const MAC_BYTES = 6
