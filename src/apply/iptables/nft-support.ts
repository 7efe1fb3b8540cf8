import { NetlinkError } from '../netlink/netlink-error.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { refusedOf } from '../nftables/trial.ts'

/** What a kernel says that has no nf_tables, or not for IPv4, or no chains that translate. */
const LACKING: ReadonlySet<string> = new Set(['EOPNOTSUPP', 'EPROTONOSUPPORT', 'ENOENT', 'EINVAL'])

/**
 * The errno by which the kernel says that the nft flavour cannot work here, although its programs may
 * be installed and list nothing; undefined where it can, or where that is not told.
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
