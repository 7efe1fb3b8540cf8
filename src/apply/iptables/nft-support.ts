import { NetlinkError } from '../netlink/netlink-error.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { refusedOf } from '../nftables/trial.ts'

/** Errnos of a kernel that lacks nf_tables, its IPv4 family, or chains of type nat. */
const LACKING: ReadonlySet<string> = new Set(['EOPNOTSUPP', 'EPROTONOSUPPORT', 'ENOENT', 'EINVAL'])

/**
 * Returns the errno that shows that the nft flavour cannot work here, although its programs may be
 * installed and list nothing; undefined where it can work or this is unknown.
 */
export async function nftIsMissing(): Promise<string | undefined> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    const base = { type: 'nat', hook: 'prerouting', priority: -100 } as const
    const refused = await refusedOf(socket, [
      { kind: 'add-table', family: 'ip' },
      { kind: 'add-chain', family: 'ip', chain: 'trial', base },
    ])
    return refused !== undefined && LACKING.has(refused) ? refused : undefined
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return LACKING.has(error.code) ? error.code : undefined
  } finally {
    socket?.close()
  }
}
