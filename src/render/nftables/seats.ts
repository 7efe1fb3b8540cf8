import type { Tuple } from '../../model/tuple.ts'
import { type Front, REACHES, seatMap, stickySet } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'

/** The seat of each endpoint of a VIP (or node port) with affinity. */
type Seats = ReadonlyMap<Tuple, number>

export type SeatMemory = (front: Front, key: Tuple) => Seats

/**
 * Gives each wanted endpoint a seat. One that has a seat keeps it, whatever endpoints come or go;
 * unlike slots, seats may have holes.
 */
export function assignSeats(held: Seats, wanted: readonly Tuple[]): Seats {
  const seats = new Map<Tuple, number>()
  const taken = new Set<number>()
  for (const endpoint of wanted) {
    const seat = held.get(endpoint)
    if (seat === undefined || taken.has(seat)) continue
    seats.set(endpoint, seat)
    taken.add(seat)
  }
  let free = 0
  for (const endpoint of wanted) {
    if (seats.has(endpoint)) continue
    while (taken.has(free)) free++
    seats.set(endpoint, free)
    taken.add(free)
  }
  return seats
}

/**
 * Returns the seats that these elements give the endpoints of a VIP (or node port). If they do not
 * say how many seats there are, the first `otherwise` seats are looked at.
 */
export function heldSeats(
  elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>,
  front: Front,
  key: Tuple,
  otherwise = 0,
): Seats {
  const seats = new Map<Tuple, number>()
  const count = seatCount((step) => elements.get(stickySet(front, step))?.has(key)) ?? otherwise
  for (let seat = 0; seat < count; seat++) {
    for (const reach of REACHES) {
      const endpoint = elements.get(seatMap(front, reach, seat))?.get(key)?.data
      if (endpoint !== undefined && !seats.has(endpoint)) seats.set(endpoint, seat)
    }
  }
  return seats
}

/** As many as there are port numbers; no Service comes near. */
const MOST_SEATS = 65_536

function seatCount(stands: (step: number) => boolean | undefined): number | undefined {
  for (let step = FIRST_STEP; step <= MOST_SEATS; step *= 2) if (stands(step)) return step
  return undefined
}

const FIRST_STEP = 2

/** Returns the smallest step that has room for so many seats. */
export function stepFor(seats: number): number {
  let step = FIRST_STEP
  while (step < seats && step < MOST_SEATS) step *= 2
  return step
}

/** Returns all steps up to this one. */
export function stepsTo(top: number): readonly number[] {
  const steps: number[] = []
  for (let step = FIRST_STEP; step <= Math.min(top, MOST_SEATS); step *= 2) steps.push(step)
  return steps
}
