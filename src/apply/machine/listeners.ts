import {
  type Address,
  addressFromBytes,
  familyOf,
  type IpFamily,
  unmapped,
} from '../../model/address.ts'
import type { Listener } from '../../plan/held-ports.ts'
import { HOST_LITTLE_ENDIAN, readAttributes } from '../netlink/attributes.ts'
import type { Request } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import { NetlinkSocket } from '../netlink/socket.ts'

/** Numbers of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/in.h. */
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const INET_DIAG_SKV6ONLY = 11
const PROTOCOLS = { tcp: 6, udp: 17 } as const
const FAMILIES = { ipv4: 2, ipv6: 10 } as const
/** Bytes of inet_diag_req_v2 and inet_diag_msg. */
const REQUEST = 56
const MESSAGE = 72

/** TCP_LISTEN, and TCP_CLOSE, which UDP sockets are in that have no peer (net/tcp_states.h). */
const STATES = { tcp: 1 << 10, udp: 1 << 7 } as const

/** Sockets of one protocol and family. */
interface Selection {
  readonly protocol: Listener['protocol']
  readonly family: IpFamily
}

const SELECTIONS: readonly Selection[] = [
  { protocol: 'tcp', family: 'ipv4' },
  { protocol: 'tcp', family: 'ipv6' },
  { protocol: 'udp', family: 'ipv4' },
  { protocol: 'udp', family: 'ipv6' },
]

/**
 * Returns the sockets of this network namespace that listen, except those that take packets of one
 * interface only. The kernel chooses them, so connections cost nothing, however many there are. Returns
 * undefined if it refuses to tell.
 */
export async function listListeners(): Promise<readonly Listener[] | undefined> {
  const found: Listener[] = []
  try {
    const socket = NetlinkSocket.open({ protocol: NETLINK_SOCK_DIAG })
    try {
      for (const selection of SELECTIONS) await list(socket, selection, found)
    } finally {
      socket.close()
    }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return undefined
  }
  return found
}

/** The kernel answers ENOENT where it has no such family, or no module for the protocol. */
async function list(socket: NetlinkSocket, selection: Selection, found: Listener[]): Promise<void> {
  try {
    await socket.walk(request(selection), ({ payload }) => {
      const listener = decodeListener(payload, selection)
      if (listener !== undefined) found.push(listener)
    })
  } catch (error) {
    if (!(error instanceof NetlinkError && error.code === 'ENOENT')) throw error
  }
}

/** Writes inet_diag_req_v2: family, protocol, extensions, padding, states (u32), and no address. */
function request({ protocol, family }: Selection): Request {
  const payload = Buffer.alloc(REQUEST)
  payload[0] = FAMILIES[family]
  payload[1] = PROTOCOLS[protocol]
  new DataView(payload.buffer, payload.byteOffset).setUint32(
    4,
    STATES[protocol],
    HOST_LITTLE_ENDIAN,
  )
  return { type: SOCK_DIAG_BY_FAMILY, flags: 0, payload }
}

/**
 * Reads inet_diag_msg: family, state, timer, retransmissions; ports and addresses of both ends in
 * network order, the interface and a cookie; then numbers, the inode the last. Returns
 * undefined for a socket without a port, and for one that is bound to an interface alone.
 */
function decodeListener(payload: Buffer, { protocol, family }: Selection): Listener | undefined {
  if (payload.length < MESSAGE) return undefined
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const port = view.getUint16(4)
  const bound = unmapped(addressFromBytes(payload.subarray(8, family === 'ipv4' ? 12 : 24)))
  const isAll = bound === '0.0.0.0' || bound === '::'
  const isOfInterface = view.getUint32(40, HOST_LITTLE_ENDIAN) !== 0
  if (port === 0 || (isAll && isOfInterface)) return undefined
  return {
    protocol,
    port,
    address: isAll ? undefined : bound,
    families: isAll ? familiesOf(payload, family, bound) : [familyOf(bound)],
    inode: view.getUint32(68, HOST_LITTLE_ENDIAN),
  }
}

/** A socket on `::` takes IPv4, too, unless IPV6_V6ONLY is set. */
function familiesOf(payload: Buffer, family: IpFamily, bound: Address): readonly IpFamily[] {
  if (family === 'ipv4' || bound === '0.0.0.0') return ['ipv4']
  const v6Only = readAttributes(payload.subarray(MESSAGE)).get(INET_DIAG_SKV6ONLY)
  return v6Only?.[0] === 1 ? ['ipv6'] : ['ipv4', 'ipv6']
}
