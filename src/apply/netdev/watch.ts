import { ANNOUNCE_TABLE } from '../../ruleset/netdev/types.ts'
import { messageAttributes, readText } from '../netlink/attributes.ts'
import { NFNL_SUBSYS_NFTABLES, NFNLGRP_NFTABLES, NFT_MSG_NEWGEN } from '../netlink/constants.ts'
import type { Reply } from '../netlink/message.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { FAMILY, TABLE } from '../nftables/constants.ts'

const NEWGEN = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN
/** Bytes of announcements that may wait. */
const RECEIVE_BUFFER = 1 << 20

/**
 * Calls `changed` for everything that others than the socket with this port commit to the table of
 * announcements. Returns what stops it. Throws NetlinkError. Only a table without an owner needs
 * it: a listener makes large commits of the whole machine slower.
 */
export function watchAnnounceTable(port: number, changed: () => void): () => void {
  const socket = NetlinkSocket.open({
    groups: [NFNLGRP_NFTABLES],
    filter: { port, except: NEWGEN },
    receiveBuffer: RECEIVE_BUFFER,
  })
  socket.onMessage((announcement) => {
    if (isAboutTable(announcement)) changed()
  })
  return () => socket.close()
}

/** Each kind of object names its table in its first attribute. */
function isAboutTable({ type, payload }: Reply): boolean {
  if (type === NEWGEN || payload[0] !== FAMILY.netdev) return false
  return readText(messageAttributes(payload).get(TABLE.name)) === ANNOUNCE_TABLE
}
