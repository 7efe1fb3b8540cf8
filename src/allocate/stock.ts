import { type Address, addressOf, familyOf, type IpFamily, toBigInt } from '../model/address.ts'
import {
  type AddressRange,
  countLeading,
  merge,
  type Span,
  without,
} from '../model/address-range.ts'
import { present } from '../model/present.ts'
import type { Ledger } from './ledger.ts'
import { avoids } from './openness.ts'
import type { Territories, Territory } from './territory.ts'
import type { World } from './world.ts'

/** The addresses that pools have left. */
export interface Stock {
  /** Returns the first free address of a pool in a family; undefined if there is none. */
  readonly first: (territory: Territory, family: IpFamily) => Address | undefined
  /** Makes an address that nobody has any more free again. */
  readonly putBack: (address: Address) => void
}

/** Free addresses, in the order of the pool's list. */
interface Shelf {
  free: Piece[]
  /** How many pieces from the front on are used up. */
  used: number
}

interface Piece extends AddressRange {
  /** The place of its range in the pool's list. */
  readonly place: number
}

/**
 * Returns what the pools have left beside all that is held or reserved. What the ledger gives later
 * is noticed when its turn comes: so a pool is cut once, however much is given.
 */
export function stockUp(
  { reserved }: Pick<World, 'reserved'>,
  territories: Territories,
  ledger: Ledger,
): Stock {
  const cuts = cutsOf([...ledger.addresses(), ...reserved.keys()], territories)
  const shelves = new Map(
    territories.all.map((territory) => [
      territory,
      shelvesOf(territory, present(cuts.get(territory))),
    ]),
  )
  const isFree = ({ pool }: Territory, address: Address): boolean =>
    !avoids(pool, address) && ledger.holdersOf(address).length === 0
  return {
    first: (territory, family) => {
      const shelf = shelves.get(territory)?.[family]
      return shelf && firstOf(shelf, (address) => isFree(territory, address))
    },
    putBack: (address) => {
      const territory = territories.at(address)
      if (territory === undefined || reserved.has(address)) return
      const family = familyOf(address)
      const shelf = shelves.get(territory)?.[family]
      const value = toBigInt(address)
      const place = territory.ranges.findIndex(
        (range) => range.family === family && range.first <= value && value <= range.last,
      )
      if (shelf !== undefined) insert(shelf, { family, first: value, last: value, place })
    },
  }
}

type Cuts = Record<IpFamily, Span[]>

function cutsOf(
  addresses: readonly Address[],
  territories: Territories,
): ReadonlyMap<Territory, Cuts> {
  const cuts = new Map<Territory, Cuts>(
    territories.all.map((territory) => [territory, { ipv4: [], ipv6: [] }]),
  )
  for (const address of addresses) {
    const territory = territories.at(address)
    if (territory === undefined) continue
    const value = toBigInt(address)
    cuts.get(territory)?.[familyOf(address)].push({ first: value, last: value })
  }
  return cuts
}

function shelvesOf({ ranges }: Territory, cuts: Cuts): Record<IpFamily, Shelf> {
  const pieces = ranges.map((range, place): Piece => ({ ...range, place }))
  const shelf = (family: IpFamily): Shelf => ({
    free: [
      ...without(
        pieces.filter((piece) => piece.family === family),
        merge(cuts[family]),
      ),
    ],
    used: 0,
  })
  return { ipv4: shelf('ipv4'), ipv6: shelf('ipv6') }
}

/** Drops from the front what is no longer free. */
function firstOf(shelf: Shelf, isFree: (address: Address) => boolean): Address | undefined {
  for (;;) {
    const piece = shelf.free[shelf.used]
    if (piece === undefined) return undefined
    const address = addressOf(piece.family, piece.first)
    if (isFree(address)) return address
    if (piece.first === piece.last) shelf.used++
    else shelf.free[shelf.used] = { ...piece, first: piece.first + 1n }
  }
}

function insert(shelf: Shelf, piece: Piece): void {
  const at = countLeading(shelf.free, (each) =>
    each.place === piece.place ? each.first < piece.first : each.place < piece.place,
  )
  shelf.free.splice(Math.max(at, shelf.used), 0, piece)
}
