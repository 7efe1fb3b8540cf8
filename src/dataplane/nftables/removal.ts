import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { commitPlan } from '../../apply/nftables/commit.ts'
import { decodeTable, type FoundTable, listTables } from '../../apply/nftables/decode.ts'
import { ownPort } from '../../apply/nftables/port.ts'
import type { Plan } from '../../plan/nftables/operation.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { NOTHING_REMOVED, type PartRemoval } from '../removal.ts'
import { commitReason } from './program.ts'
import { refusedOperations } from './refused.ts'
import { ownedByAnother } from './table-owner.ts'

const ATTEMPTS = 3

/**
 * Removes nodelb's tables and nothing else, unless the signal is aborted first. Commits by others
 * meanwhile do not matter: a table of this name is nodelb's, whatever it contains. Rejects with
 * NetlinkError.
 */
export async function removeTables(
  socket: NetlinkSocket,
  signal?: AbortSignal,
): Promise<PartRemoval> {
  let refused: readonly string[] = []
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const tables = await ownTables(socket)
    if (tables.length === 0) return NOTHING_REMOVED
    const obstacle = ownedByAnother(
      tables.map(({ owner }) => owner),
      await ownPort(socket),
    )
    if (obstacle !== undefined) return { removed: [], remains: obstacle }
    if (signal?.aborted) return NOTHING_REMOVED
    const outcome = await commitPlan(socket, removalOf(tables), 0)
    if (outcome.kind === 'committed') {
      return { removed: [`${tables.length} table${tables.length === 1 ? '' : 's'}`] }
    }
    if (outcome.kind !== 'rejected') return { removed: [], remains: commitReason(outcome) }
    // Another process removed one of the tables, or owns it by now.
    refused = refusedOperations(outcome.failures)
  }
  return { removed: [], remains: `the kernel refused to remove tables: ${refused.join('; ')}` }
}

async function ownTables(socket: NetlinkSocket): Promise<readonly FoundTable[]> {
  const found = (await socket.dump(listTables())).replies.map(decodeTable)
  return found.filter(({ family, name }) => family !== undefined && name === TABLE_NAME)
}

function removalOf(tables: readonly FoundTable[]): Plan {
  return tables.flatMap(({ family }) =>
    family === undefined ? [] : [{ kind: 'delete-table' as const, family }],
  )
}
