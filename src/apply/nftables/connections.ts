import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import { setSchema } from '../../ruleset/nftables/set-schema.ts'
import { FRONTS, meteredSet } from '../../ruleset/nftables/sets.ts'
import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { eachAttribute } from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { DATA, ELEMENT, ELEMENTS } from './constants.ts'
import { listElements } from './decode.ts'
import { NFTA_COUNTER, NFTA_EXPR } from './expression-attributes.ts'
import { unlessGone } from './read.ts'
import { decodeTuple } from './tuple.ts'

/**
 * Hands over how many packets each element of the metered sets has counted: one for each new
 * connection. Lists the sets of both families; those that are missing have no elements. Rejects with
 * NetlinkError.
 */
export async function readMetered(
  socket: NetlinkSocket,
  visit: (family: TableFamily, id: Tuple, packets: number) => void,
): Promise<void> {
  for (const family of ['ip', 'ip6'] as const) {
    for (const set of FRONTS.map(meteredSet)) {
      const { key } = setSchema(family, set)
      const walk = socket.walk(listElements(family, TABLE_NAME, set), ({ payload }) => {
        eachElement(payload, (from, to) => {
          const { at, packets } = readElement(payload, from, to)
          if (at !== undefined) visit(family, decodeTuple(key, payload, at), packets)
        })
      })
      await unlessGone(walk)
    }
  }
}

function eachElement(payload: Buffer, visit: (from: number, to: number) => void): void {
  eachAttribute(payload, 4, payload.length, (type, start, end) => {
    if (type === ELEMENTS.list) eachAttribute(payload, start, end, (_, from, to) => visit(from, to))
  })
}

/** An element: where its key is in the message, and what its counter says. */
interface Metered {
  at: number | undefined
  packets: number
}

function readElement(payload: Buffer, from: number, to: number): Metered {
  const found: Metered = { at: undefined, packets: 0 }
  eachAttribute(payload, from, to, (type, start, end) => {
    if (type === ELEMENT.key) {
      eachAttribute(payload, start, end, (inner, at) => {
        if (inner === DATA.value) found.at = at
      })
    } else if (type === ELEMENT.expression) {
      found.packets = packetsOf(payload, start, end)
    }
  })
  return found
}

/** A set of nodelb's has one expression, the counter. */
function packetsOf(payload: Buffer, from: number, to: number): number {
  let packets = 0
  eachAttribute(payload, from, to, (type, start, end) => {
    if (type !== NFTA_EXPR.data) return
    eachAttribute(payload, start, end, (inner, at) => {
      if (inner === NFTA_COUNTER.packets) packets = Number(payload.readBigUInt64BE(at))
    })
  })
  return packets
}
