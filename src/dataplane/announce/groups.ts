import type { Announced } from '../../announce/announced.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { NETLINK_ROUTE } from '../../apply/rtnetlink/constants.ts'
import {
  addProxy,
  deleteProxy,
  listProxies,
  type ProxyEntry,
} from '../../apply/rtnetlink/proxies.ts'
import { familyOf } from '../../model/address.ts'

/** Requests in one datagram. */
const SERIES = 200

/**
 * Has the interfaces listen to the multicast groups in which neighbours ask for these IPv6
 * addresses, and to no others that nodelb joined. Returns errno names of what the kernel refused.
 * Rejects with NetlinkError.
 */
export async function joinGroups(announced: readonly Announced[]): Promise<readonly string[]> {
  const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
  try {
    const wanted = new Map(announced.flatMap(proxiesOf).map((proxy) => [keyOf(proxy), proxy]))
    const found = new Map((await listProxies(socket)).map((proxy) => [keyOf(proxy), proxy]))
    const requests = [
      ...[...found].filter(([key]) => !wanted.has(key)).map(([, proxy]) => deleteProxy(proxy)),
      ...[...wanted].filter(([key]) => !found.has(key)).map(([, proxy]) => addProxy(proxy)),
    ]
    const refused: string[] = []
    for (let at = 0; at < requests.length; at += SERIES) {
      const failures = await socket.series(requests.slice(at, at + SERIES))
      refused.push(...failures.map(({ errno }) => errno).filter((errno) => errno !== 'ENOENT'))
    }
    return refused
  } finally {
    socket.close()
  }
}

function proxiesOf({ station: { index }, addresses }: Announced): ProxyEntry[] {
  return [...addresses]
    .filter((address) => familyOf(address) === 'ipv6')
    .map((address) => ({ index, address }))
}

function keyOf({ index, address }: ProxyEntry): string {
  return `${index} ${address}`
}
