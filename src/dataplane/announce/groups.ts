import type { Announced } from '../../announce/announced.ts'
import type { Request } from '../../apply/netlink/message.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { NETLINK_ROUTE } from '../../apply/rtnetlink/constants.ts'
import {
  addProxy,
  deleteProxy,
  listProxies,
  type ProxyEntry,
} from '../../apply/rtnetlink/proxies.ts'
import { familyOf } from '../../model/address.ts'
import type { RefusedInterface } from './responder.ts'

/** Requests in one datagram. */
const SERIES = 200

/**
 * Has the interfaces listen to the multicast groups in which neighbours ask for these IPv6
 * addresses, and to no others that nodelb joined. Returns the interfaces that cannot, such as
 * because they are gone. Rejects with NetlinkError.
 */
export async function joinGroups(
  announced: readonly Announced[],
): Promise<readonly RefusedInterface[]> {
  const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
  try {
    const wanted = new Map(announced.flatMap(groupsOf).map((group) => [keyOf(group.entry), group]))
    const found = new Map((await listProxies(socket)).map((entry) => [keyOf(entry), entry]))
    const gone = [...found].filter(([key]) => !wanted.has(key)).map(([, entry]) => entry)
    // An entry that has gone with its interface is as good as deleted.
    await send(socket, gone.map(deleteProxy))
    const added = [...wanted].filter(([key]) => !found.has(key)).map(([, group]) => group)
    const failures = await send(
      socket,
      added.map(({ entry }) => addProxy(entry)),
    )
    const refused = new Map<string, RefusedInterface>()
    for (const { index, errno } of failures) {
      const name = added[index]?.name
      if (name === undefined) continue
      refused.set(name, { name, reason: `joining the groups of IPv6 addresses: ${errno}` })
    }
    return [...refused.values()]
  } finally {
    socket.close()
  }
}

async function send(
  socket: NetlinkSocket,
  requests: readonly Request[],
): Promise<readonly { readonly index: number; readonly errno: string }[]> {
  const failures: { readonly index: number; readonly errno: string }[] = []
  for (let at = 0; at < requests.length; at += SERIES) {
    for (const { index, errno } of await socket.series(requests.slice(at, at + SERIES))) {
      failures.push({ index: at + index, errno })
    }
  }
  return failures
}

interface Group {
  readonly name: string
  readonly entry: ProxyEntry
}

function groupsOf({ station: { name, index }, addresses }: Announced): Group[] {
  return [...addresses]
    .filter((address) => familyOf(address) === 'ipv6')
    .map((address) => ({ name, entry: { index, address } }))
}

function keyOf({ index, address }: ProxyEntry): string {
  return `${index} ${address}`
}
