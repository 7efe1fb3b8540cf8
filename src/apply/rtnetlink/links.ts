import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.ts'
import type { Request } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import {
  AttributeWriter,
  HOST_LITTLE_ENDIAN,
  readAttributes,
  readText,
} from '../nftables/attributes.ts'
import { LINK, LINK_HEADER, LINK_INFO, MESSAGE } from './constants.ts'

/** What has a name that a dummy interface is to have. */
export type Link =
  | { readonly kind: 'missing' }
  | { readonly kind: 'dummy'; readonly index: number }
  /** Somebody else's: `found` is what `ip -details link` calls it, `unknown` for a physical one. */
  | { readonly kind: 'other'; readonly index: number; readonly found: string }

export async function findLink(socket: NetlinkSocket, name: string): Promise<Link> {
  const request = linkRequest(MESSAGE.getLink, 0, 0, (writer) => writer.text(LINK.name, name))
  try {
    const [reply] = await socket.request(request)
    return reply === undefined ? { kind: 'missing' } : readLink(reply.payload)
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENODEV') return { kind: 'missing' }
    throw error
  }
}

/**
 * As kube-proxy makes it: it stays down, where its addresses are as good and IPv6 gives it none of
 * its own. The kernel loads the module of dummies where it may.
 */
export function addDummy(name: string): Request {
  return linkRequest(MESSAGE.newLink, NLM_F_CREATE | NLM_F_EXCL, 0, (writer) => {
    writer.text(LINK.name, name)
    writer.nested(LINK.info, () => writer.text(LINK_INFO.kind, 'dummy'))
  })
}

export function deleteLink(index: number): Request {
  return linkRequest(MESSAGE.deleteLink, 0, index)
}

function linkRequest(
  type: number,
  flags: number,
  index: number,
  write: (writer: AttributeWriter) => void = () => undefined,
): Request {
  const writer = new AttributeWriter(128)
  write(writer)
  const header = Buffer.alloc(LINK_HEADER)
  new DataView(header.buffer, header.byteOffset).setInt32(4, index, HOST_LITTLE_ENDIAN)
  return { type, flags, payload: Buffer.concat([header, writer.finish()]) }
}

function readLink(payload: Buffer): Link {
  const index = new DataView(payload.buffer, payload.byteOffset).getInt32(4, HOST_LITTLE_ENDIAN)
  const info = readAttributes(payload.subarray(LINK_HEADER)).get(LINK.info)
  const found = readText(info && readAttributes(info).get(LINK_INFO.kind)) || 'unknown'
  return found === 'dummy' ? { kind: 'dummy', index } : { kind: 'other', index, found }
}
