import type { Tuple } from '../../model/tuple.ts'

/** The endpoints by slot; a hole is undefined. */
export type Slots = readonly (Tuple | undefined)[]

/** Returns what the slots of a VIP (or node port) in an endpoints map hold now. */
export type SlotMemory = (map: string, key: Tuple) => Slots

/**
 * Gives each wanted endpoint a slot 0 … N-1. An endpoint in a slot below N keeps it; the others
 * fill the holes in order. So one endpoint more or less changes at most two slots, whatever N is.
 */
export function assignSlots(previous: Slots, wanted: readonly Tuple[]): readonly Tuple[] {
  const left = new Set(wanted)
  if (previous.length === 0) return [...left]
  const slots: (Tuple | undefined)[] = new Array(left.size).fill(undefined)
  for (let slot = 0; slot < slots.length; slot++) {
    const holder = previous[slot]
    if (holder !== undefined && left.delete(holder)) slots[slot] = holder
  }
  const rest = left.values()
  return slots.map((holder) => holder ?? (rest.next().value as Tuple))
}
