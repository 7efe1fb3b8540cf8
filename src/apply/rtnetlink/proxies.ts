import { type Address, addressBytes, addressFromBytes } from '../../model/address.ts'
import { AttributeWriter, HOST_LITTLE_ENDIAN, readAttributes } from '../netlink/attributes.ts'
import { NLM_F_CREATE } from '../netlink/constants.ts'
import type { Request } from '../netlink/message.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import {
  ADDRESS_FAMILY,
  NEIGHBOUR,
  NEIGHBOUR_ATTRIBUTE,
  NEIGHBOUR_HEADER,
  NTF_PROXY,
} from './constants.ts'

/**
 * Proxy entries of IPv6 neighbours. For each the kernel joins the solicited-node multicast group of
 * the address, without which a network card does not hear who asks for it; only with the sysctl
 * `proxy_ndp` would it answer as well.
 */
export interface ProxyEntry {
  readonly index: number
  readonly address: Address
}

/** Marks the entries as nodelb's, as routes name their protocol; `ip neigh` shows it. */
const PROTOCOL = 0x6e

/** Returns the entries that nodelb made. Rejects with NetlinkError. */
export async function listProxies(socket: NetlinkSocket): Promise<readonly ProxyEntry[]> {
  const proxies: ProxyEntry[] = []
  const payload = header(0)
  await socket.walk({ type: NEIGHBOUR.get, flags: 0, payload }, (reply) => {
    const index = new DataView(reply.payload.buffer, reply.payload.byteOffset).getInt32(
      4,
      HOST_LITTLE_ENDIAN,
    )
    const found = readAttributes(reply.payload.subarray(NEIGHBOUR_HEADER))
    const address = found.get(NEIGHBOUR_ATTRIBUTE.destination)
    const isOurs = found.get(NEIGHBOUR_ATTRIBUTE.protocol)?.[0] === PROTOCOL
    if (isOurs && address !== undefined) proxies.push({ index, address: addressFromBytes(address) })
  })
  return proxies
}

/** Adds an entry; one that is there already stays. */
export function addProxy(proxy: ProxyEntry): Request {
  return request(NEIGHBOUR.new, NLM_F_CREATE, proxy)
}

/** The kernel answers ENOENT if there is no such entry. */
export function deleteProxy(proxy: ProxyEntry): Request {
  return request(NEIGHBOUR.delete, 0, proxy)
}

function request(type: number, flags: number, { index, address }: ProxyEntry): Request {
  const writer = new AttributeWriter(128)
  writer.bytes(NEIGHBOUR_ATTRIBUTE.destination, addressBytes(address))
  writer.u8(NEIGHBOUR_ATTRIBUTE.protocol, PROTOCOL)
  return { type, flags, payload: Buffer.concat([header(index), writer.finish()]) }
}

/** struct ndmsg: family, padding (3), index (i32), state (u16), flags (u8), type (u8). */
function header(index: number): Buffer {
  const bytes = Buffer.alloc(NEIGHBOUR_HEADER)
  bytes[0] = ADDRESS_FAMILY.ipv6
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(4, index, HOST_LITTLE_ENDIAN)
  bytes[10] = NTF_PROXY
  return bytes
}
