import type { NetlinkSocket } from '../netlink/socket.ts'
import { decodeChain, decodeTable, listChains, listTables } from './decode.ts'

/**
 * Returns what kube-proxy has in the kernel: its own tables (nftables mode), or its chain in `nat`
 * (iptables mode over nf_tables; legacy xtables cannot be seen here). Rejects with NetlinkError.
 */
export async function findKubeProxy(socket: NetlinkSocket): Promise<readonly string[]> {
  const tables = (await socket.dump(listTables())).replies.map(decodeTable)
  const found = tables
    .filter(({ family, name }) => family !== undefined && name === 'kube-proxy')
    .map(({ family }) => `table ${family} kube-proxy`)
  for (const family of ['ip', 'ip6'] as const) {
    const chains = (await socket.dump(listChains(family))).replies.map(decodeChain)
    if (chains.some(({ table, name }) => table === 'nat' && name === 'KUBE-SERVICES')) {
      found.push(`chain ${family} nat KUBE-SERVICES`)
    }
  }
  return found
}
