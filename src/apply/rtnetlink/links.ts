import {
  AttributeWriter,
  HOST_LITTLE_ENDIAN,
  readAttributes,
  readText,
} from '../netlink/attributes.ts'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.ts'
import type { Request } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { LINK, LINK_HEADER, LINK_INFO, MESSAGE } from './constants.ts'

/** The interface with the name that a dummy interface is meant to have. */
type Link =
  | { readonly kind: 'missing' }
  /** `marked`: it has nodelb's alias. */
  | { readonly kind: 'dummy'; readonly index: number; readonly marked: boolean }
  /**
   * An interface of another kind: `found` is its kind in `ip -details link`, or `unknown` for a
   * physical one.
   */
  | { readonly kind: 'other'; readonly index: number; readonly found: string }

/** Looks for an interface by its name. Rejects with NetlinkError, except for ENODEV. */
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
 * Adds a dummy interface as kube-proxy does: it stays down, where its addresses work as well and
 * IPv6 gives it none of its own. The kernel loads the module `dummy` if it may.
 */
export function addDummy(name: string): Request {
  return linkRequest(MESSAGE.newLink, NLM_F_CREATE | NLM_F_EXCL, 0, (writer) => {
    writer.text(LINK.name, name)
    writer.nested(LINK.info, () => writer.text(LINK_INFO.kind, 'dummy'))
  })
}

/**
 * Sets the alias, which `ip link` shows and which marks an interface as nodelb's, whatever its
 * name.
 */
export function markLink(name: string): Request {
  return linkRequest(MESSAGE.setLink, 0, 0, (writer) => {
    writer.text(LINK.name, name)
    writer.text(LINK.alias, ALIAS)
  })
}

/** Returns the dummy interfaces that are marked as nodelb's. Rejects with NetlinkError. */
export async function listOwnDummies(
  socket: NetlinkSocket,
): Promise<readonly { readonly name: string; readonly index: number }[]> {
  const found: { name: string; index: number }[] = []
  await socket.walk(linkRequest(MESSAGE.getLink, 0, 0), ({ payload }) => {
    const link = readLink(payload)
    const name = readAttributes(payload.subarray(LINK_HEADER)).get(LINK.name)
    if (link.kind !== 'dummy' || !link.marked) return
    found.push({ name: readText(name), index: link.index })
  })
  return found
}

/**
 * Returns the interfaces whose routes are in the table of a VRF, and the VRFs themselves. Rejects
 * with NetlinkError.
 */
export async function listInVrfs(socket: NetlinkSocket): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  await socket.walk(linkRequest(MESSAGE.getLink, 0, 0), ({ payload }) => {
    const attributes = readAttributes(payload.subarray(LINK_HEADER))
    const info = attributes.get(LINK.info)
    const kinds = info && readAttributes(info)
    const isIn = [LINK_INFO.kind, LINK_INFO.memberKind].some(
      (kind) => readText(kinds?.get(kind)) === 'vrf',
    )
    if (isIn) found.add(readText(attributes.get(LINK.name)))
  })
  return found
}

const ALIAS = 'nodelb'

/** Returns a request to delete an interface. */
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
  const attributes = readAttributes(payload.subarray(LINK_HEADER))
  const info = attributes.get(LINK.info)
  const found = readText(info && readAttributes(info).get(LINK_INFO.kind)) || 'unknown'
  if (found !== 'dummy') return { kind: 'other', index, found }
  return { kind: 'dummy', index, marked: readText(attributes.get(LINK.alias)) === ALIAS }
}
