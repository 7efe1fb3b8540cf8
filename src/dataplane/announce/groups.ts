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

/** The multicast groups in which neighbours ask for the IPv6 addresses of this node. */
export class Groups {
  #joined: ReadonlySet<string> = new Set()

  /**
   * Joins the groups that this process has not joined yet, and returns whether there were any or others
   * are joined for nothing. `settle` returns what failed. Rejects with NetlinkError.
   */
  async join(announced: readonly Announced[]): Promise<boolean> {
    const wanted = announced.flatMap(groupsOf)
    const added = wanted.filter(({ key }) => !this.#joined.has(key))
    const moves = added.length > 0 || wanted.length < this.#joined.size
    if (added.length > 0) await withSocket((socket) => add(socket, added))
    this.#joined = new Set(wanted.map(({ key }) => key))
    return moves
  }

  /**
   * Has the interfaces listen to all these groups, and to no others that nodelb joined. Returns the
   * interfaces that cannot, such as because they are gone. Rejects with NetlinkError.
   */
  async settle(announced: readonly Announced[]): Promise<readonly RefusedInterface[]> {
    const wanted = announced.flatMap(groupsOf)
    this.#joined = new Set(wanted.map(({ key }) => key))
    return withSocket(async (socket) => {
      const found = new Map((await listProxies(socket)).map((entry) => [keyOf(entry), entry]))
      const gone = [...found].filter(([key]) => !this.#joined.has(key)).map(([, entry]) => entry)
      // An entry that has gone with its interface is as good as deleted.
      await send(socket, gone.map(deleteProxy))
      return add(
        socket,
        wanted.filter(({ key }) => !found.has(key)),
      )
    })
  }
}

async function add(
  socket: NetlinkSocket,
  groups: readonly Group[],
): Promise<readonly RefusedInterface[]> {
  const failures = await send(
    socket,
    groups.map(({ entry }) => addProxy(entry)),
  )
  const refused = new Map<string, RefusedInterface>()
  for (const { index, errno } of failures) {
    const name = groups[index]?.name
    if (name === undefined) continue
    refused.set(name, { name, reason: `joining the groups of IPv6 addresses: ${errno}` })
  }
  return [...refused.values()]
}

async function withSocket<Result>(
  task: (socket: NetlinkSocket) => Promise<Result>,
): Promise<Result> {
  const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
  try {
    return await task(socket)
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
  readonly key: string
  /** Of the interface. */
  readonly name: string
  readonly entry: ProxyEntry
}

function groupsOf({ station: { name, index }, addresses }: Announced): Group[] {
  return [...addresses]
    .filter((address) => familyOf(address) === 'ipv6')
    .map((address) => ({ index, address }))
    .map((entry) => ({ key: keyOf(entry), name, entry }))
}

function keyOf({ index, address }: ProxyEntry): string {
  return `${index} ${address}`
}
