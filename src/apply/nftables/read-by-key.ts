import type { TableFamily } from '../../model/family.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { type ElementValue, type SetSchema, TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { gather } from '../netlink/gather.ts'
import type { Request } from '../netlink/message.ts'
import { getElements } from './decode.ts'
import { ElementReader } from './element-reader.ts'

/** Keys in one datagram: all answers have to fit the receive buffer, some 4 KB each. */
const MOST = 1024

interface LargeMap {
  readonly family: TableFamily
  readonly set: SetSchema
  /** How many elements the kernel counts. */
  readonly count: number
  /** How many slots each frontend has, as far as other sets tell. */
  readonly slots: ReadonlyMap<Tuple, number>
}

/**
 * Reads an endpoints map by its keys. A dump walks from the beginning of the map for every 32 KB, so
 * its time grows with the square of the elements: 250,000 take many times as long as this. Returns
 * undefined where the map has other elements than these; then only a dump tells. Rejects with
 * NetlinkError.
 */
export async function readByKey({
  family,
  set,
  count,
  slots,
}: LargeMap): Promise<ReadonlyMap<Tuple, ElementValue> | undefined> {
  const reader = new ElementReader(set)
  await gather(
    portions(slots, (keys) => getElements(family, TABLE_NAME, set, keys)),
    ({ payload }) => reader.read(payload),
  )
  const elements = reader.elements()
  return elements.size === count ? elements : undefined
}

/** Yields requests for at most MOST keys together, each for keys of one frontend: one that has less fails alone. */
function* portions(
  slots: LargeMap['slots'],
  request: (keys: readonly Tuple[]) => Request,
): Iterable<readonly Request[]> {
  let requests: Request[] = []
  let room = MOST
  for (const [frontend, count] of slots) {
    for (let slot = 0; slot < count; ) {
      const size = Math.min(count - slot, MOST)
      if (size > room) {
        yield requests
        requests = []
        room = MOST
      }
      const first = slot
      requests.push(request(Array.from({ length: size }, (_, at) => tuple(frontend, first + at))))
      room -= size
      slot += size
    }
  }
  if (requests.length > 0) yield requests
}
