import type { Target } from '../../frontend/choose-endpoints.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'

/** What the elements of a VIP (or node port) in an endpoints map lead to, by slot. */
export type Slots = readonly ElementValue[]

/** The same as it was found; a hole is undefined. */
type HeldSlots = readonly (ElementValue | undefined)[]

/** Returns what the slots of a VIP (or node port) in an endpoints map hold now. */
export type SlotMemory = (map: string, key: Tuple) => HeldSlots

/** What a VIP (or node port) holds that is new. It is one list, so that lists can be shared. */
export const NO_SLOTS: HeldSlots = []

/**
 * Gives each wanted endpoint a slot 0 … N-1. An endpoint in a slot below N keeps it; the others
 * fill the holes in order. So one endpoint more or less changes at most two slots, whatever N is.
 * If nothing changes, the list that is held is returned.
 */
export function assignSlots(held: HeldSlots, wanted: readonly Target[]): Slots {
  if (held.length === 0) return wanted.map(({ tuple }) => ({ data: tuple }))
  const left = elsewhere(held, wanted)
  const slots = wanted.map(({ tuple }, slot): ElementValue | undefined => {
    const data = held[slot]?.data
    const stays = data !== undefined && (data === tuple || left.delete(data))
    return stays ? held[slot] : undefined
  })
  if (left.size === 0 && held.length === slots.length) return held as Slots
  const rest = left.values()
  return slots.map((holder) => holder ?? { data: rest.next().value as Tuple })
}

/** Returns the endpoints that are not in the slot with their own number: mostly few, and the rest need no set. */
function elsewhere(held: HeldSlots, wanted: readonly Target[]): Set<Tuple> {
  const found = new Set<Tuple>()
  for (let slot = 0; slot < wanted.length; slot++) {
    const tuple = wanted[slot]?.tuple
    if (tuple !== undefined && held[slot]?.data !== tuple) found.add(tuple)
  }
  return found
}

/** Assigns slots, and returns one list for the same list of slots and the same list of endpoints. */
export function assigningOnce(): typeof assignSlots {
  const known: Assigned[] = []
  return (held, wanted) => {
    const found = known.find((each) => each.held === held && each.wanted === wanted)
    if (found !== undefined) return found.slots
    const slots = assignSlots(held, wanted)
    known.push({ held, wanted, slots })
    return slots
  }
}

interface Assigned {
  readonly held: HeldSlots
  readonly wanted: readonly Target[]
  readonly slots: Slots
}
