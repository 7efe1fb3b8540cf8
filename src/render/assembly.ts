import type { TableFamily } from '../model/family.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import { chainCalledBy } from '../ruleset/nftables/sets.ts'
import type { ElementValue } from '../ruleset/nftables/types.ts'
import type { Fragment } from './nftables/emit.ts'
import type { Slots } from './nftables/slots.ts'

type Elements = Map<Tuple, ElementValue>

/** The elements of all fragments together, with a record of what changed. */
export interface Assembly {
  /** The sets that have elements. */
  readonly sets: Readonly<Record<TableFamily, Map<string, Elements>>>
  /** The number of elements of verdict maps that lead to a chain, by chain. */
  readonly calls: Readonly<Record<TableFamily, Map<string, number>>>
  /** Every set that ever had elements. */
  readonly places: Readonly<Record<TableFamily, Map<string, Place>>>
  /** False while the first fragments come in, because all of them are new. */
  recording: boolean
}

/** A set of one of the tables. There is one object for each set, which all holdings share. */
interface Place {
  readonly family: TableFamily
  readonly set: string
  readonly elements: Elements
  /** How many fragments beside the first want an element, if any do: Services may share pods. */
  readonly shared: Map<Tuple, number>
  /** The value before the first touch; undefined if there was none. */
  readonly touched: Map<Tuple, ElementValue | undefined>
}

/** What a fragment holds in the assembly, without values; `keys[i]` is in `places[i]`. */
export interface Holding {
  readonly places: readonly Place[]
  readonly keys: readonly Tuple[]
}

export interface ElementChange {
  readonly family: TableFamily
  readonly set: string
  readonly key: Tuple
  readonly before: ElementValue | undefined
  readonly after: ElementValue | undefined
}

export function emptyAssembly(): Assembly {
  return {
    sets: { ip: new Map(), ip6: new Map() },
    calls: { ip: new Map(), ip6: new Map() },
    places: { ip: new Map(), ip6: new Map() },
    recording: false,
  }
}

/** Adds a fragment; returns what `removeFragment` needs, so the fragment need not be kept. */
export function addFragment(assembly: Assembly, fragment: Fragment): Holding {
  const places = fragment.map(({ family, set }) => placeOf(assembly, family, set))
  for (const [at, { key, value }] of fragment.entries()) {
    const place = places[at]
    if (place === undefined) continue
    const { elements, shared } = place
    if (elements.has(key)) {
      shared.set(key, (shared.get(key) ?? 0) + 1)
      continue
    }
    if (elements.size === 0) assembly.sets[place.family].set(place.set, elements)
    touch(assembly, place, key, undefined)
    elements.set(key, value)
    countCall(assembly, place.family, value, 1)
  }
  return { places, keys: fragment.map(({ key }) => key) }
}

/** Removes what `addFragment` added, except elements that other fragments want too. */
export function removeFragment(assembly: Assembly, { places, keys }: Holding): void {
  for (const [at, key] of keys.entries()) {
    const place = places[at]
    const value = place?.elements.get(key)
    if (place === undefined || value === undefined || releaseShared(place.shared, key)) continue
    touch(assembly, place, key, value)
    place.elements.delete(key)
    countCall(assembly, place.family, value, -1)
    if (place.elements.size === 0) assembly.sets[place.family].delete(place.set)
  }
}

function countCall(
  { calls }: Assembly,
  family: TableFamily,
  value: ElementValue,
  by: 1 | -1,
): void {
  const chain = chainCalledBy(value)
  if (chain === undefined) return
  const count = (calls[family].get(chain) ?? 0) + by
  if (count === 0) calls[family].delete(chain)
  else calls[family].set(chain, count)
}

/** Takes one claim off a shared element; returns whether another fragment still wants it. */
function releaseShared(shared: Map<Tuple, number>, key: Tuple): boolean {
  const others = shared.get(key)
  if (others === undefined) return false
  if (others === 1) shared.delete(key)
  else shared.set(key, others - 1)
  return true
}

/** Returns what changed since the last call, without what changed back. */
export function takeChanges({ places }: Assembly): readonly ElementChange[] {
  const changes: ElementChange[] = []
  for (const family of ['ip', 'ip6'] as const) {
    for (const { set, elements, touched } of places[family].values()) {
      for (const [key, before] of touched) {
        const after = elements.get(key)
        if (!sameValue(before, after)) changes.push({ family, set, key, before, after })
      }
      touched.clear()
    }
  }
  return changes
}

/** Returns the slots that the endpoints of a VIP (or node port) hold. */
export function heldSlots(assembly: Assembly, family: TableFamily, map: string, key: Tuple): Slots {
  const elements = assembly.sets[family].get(map)
  const slots: (Tuple | undefined)[] = []
  for (;;) {
    const value = elements?.get(tuple(key, slots.length))
    if (value === undefined) return slots
    slots.push(value.data)
  }
}

function sameValue(a: ElementValue | undefined, b: ElementValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.data === b.data && a.comment === b.comment
}

function touch(
  { recording }: Assembly,
  { touched }: Place,
  key: Tuple,
  before: ElementValue | undefined,
): void {
  if (recording && !touched.has(key)) touched.set(key, before)
}

function placeOf({ places }: Assembly, family: TableFamily, set: string): Place {
  const found = places[family].get(set)
  if (found !== undefined) return found
  const place: Place = {
    family,
    set,
    elements: new Map(),
    shared: new Map(),
    touched: new Map(),
  }
  places[family].set(set, place)
  return place
}
