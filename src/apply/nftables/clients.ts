import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { SetSchema } from '../../ruleset/nftables/types.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { decodeElements, listElements } from './decode.ts'

/**
 * Returns the entries of one client in the learned sets of a table, by set; each set may hold up to
 * 262,144 clients. Rejects with NetlinkError.
 */
export async function readClients(
  socket: NetlinkSocket,
  family: TableFamily,
  sets: Iterable<SetSchema>,
  client: string,
): Promise<ReadonlyMap<string, ReadonlySet<Tuple>>> {
  const found = new Map<string, ReadonlySet<Tuple>>()
  for (const set of sets) {
    if (set.learned === undefined) continue
    const { replies } = await socket.dump(listElements(family, TABLE_NAME, set.name))
    const keys = [...decodeElements(replies, set).keys()]
    found.set(set.name, new Set(keys.filter((key) => key.startsWith(`${client} . `))))
  }
  return found
}
