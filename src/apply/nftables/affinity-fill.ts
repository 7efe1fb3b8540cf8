import type { TableFamily } from '../../model/family.ts'
import { SETS, setNamed } from '../../ruleset/nftables/sets.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import {
  type Attributes,
  messageAttributes,
  readAttributes,
  readText,
  readU32,
} from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { DESCRIPTION, SET } from './constants.ts'
import { decodeSet, listElements, listSets } from './decode.ts'
import { ElementReader } from './element-reader.ts'
import { unlessGone } from './read.ts'

/** How full the kernel's memory of clients (session affinity) is, in one family. */
export interface AffinityFill {
  readonly family: TableFamily
  /** Number of Service addresses for which a client could not be remembered lately. */
  readonly crowded: number
  /**
   * Number of remembered clients; undefined where the kernel does not count elements (before Linux
   * 6.16).
   */
  readonly clients: number | undefined
  /** The fullest seat's share of its room, from 0 to 1; undefined where `clients` is. */
  readonly fullest: number | undefined
}

/**
 * Returns the fill of each family in which a Service has session affinity. It lists the sets and
 * the elements of `crowded`, not the clients. Rejects with NetlinkError.
 */
export async function affinityFill(socket: NetlinkSocket): Promise<readonly AffinityFill[]> {
  const fills: AffinityFill[] = []
  for (const family of ['ip', 'ip6'] as const) {
    const fill = await unlessGone(fillOf(socket, family))
    if (fill !== undefined) fills.push(fill)
  }
  return fills
}

async function fillOf(
  socket: NetlinkSocket,
  family: TableFamily,
): Promise<AffinityFill | undefined> {
  const { replies } = await socket.dump(listSets(family, TABLE_NAME))
  const sets = replies.map(({ payload }) => messageAttributes(payload))
  const crowded = replies.map(decodeSet).find(({ schema }) => schema.name === SETS.crowded)
  if (crowded === undefined) return undefined
  const seats = sets.filter((set) => setNamed(readText(set.get(SET.name)))?.kind === 'clients')
  const counts = seats.map(countOf).filter((count) => count !== undefined)
  const counted = counts.length === seats.length
  const reader = new ElementReader(crowded.schema)
  await socket.walk(listElements(family, TABLE_NAME, SETS.crowded), ({ payload }) => {
    reader.read(payload)
  })
  return {
    family,
    crowded: reader.elements().size,
    clients: counted ? counts.reduce((sum, count) => sum + count, 0) : undefined,
    fullest: counted
      ? Math.max(0, ...seats.map((set) => (countOf(set) ?? 0) / roomOf(set)))
      : undefined,
  }
}

/** NFTA_SET_COUNT. */
function countOf(set: Attributes): number | undefined {
  const count = set.get(SET.count)
  return count && readU32(count)
}

function roomOf(set: Attributes): number {
  const description = readAttributes(set.get(SET.description) ?? Buffer.alloc(0))
  return Math.max(1, readU32(description.get(DESCRIPTION.size)))
}
