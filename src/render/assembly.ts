import type { TableFamily } from '../model/family.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import { chainCalledBy } from '../ruleset/nftables/sets.ts'
import type { ElementValue } from '../ruleset/nftables/types.ts'
import type { Fragment } from './nftables/emit.ts'
import type { Slots } from './nftables/slots.ts'

type Elements = Map<Tuple, ElementValue>

/** The elements of all fragments together, with a record of what changed. */
export interface Assembly {
  readonly sets: Readonly<Record<TableFamily, Map<string, Elements>>>
  /** The number of elements of verdict maps that lead to a chain, by chain. */
  readonly calls: Readonly<Record<TableFamily, Map<string, number>>>
  /** How many fragments beside the first want an element, if any do: Services may share pods. */
  readonly shared: Readonly<Record<TableFamily, Map<string, Map<Tuple, number>>>>
  /** The value before the first touch, by family, set and key; undefined if there was none. */
  readonly touched: Readonly<Record<TableFamily, Map<string, Map<Tuple, ElementValue | undefined>>>>
  /** One object for each set, which all holdings share. */
  readonly places: Readonly<Record<TableFamily, Map<string, Place>>>
  /** False while the first fragments come in, because all of them are new. */
  recording: boolean
}

/** Where elements are: a set of one of the tables. */
interface Place {
  readonly family: TableFamily
  readonly set: string
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
    shared: { ip: new Map(), ip6: new Map() },
    touched: { ip: new Map(), ip6: new Map() },
    places: { ip: new Map(), ip6: new Map() },
    recording: false,
  }
}

/** Adds a fragment; returns what `removeFragment` needs, so the fragment need not be kept. */
export function addFragment(assembly: Assembly, fragment: Fragment): Holding {
  for (const { family, set, key, value } of fragment) {
    const elements = nested(assembly.sets[family], set)
    if (elements.has(key)) {
      const shared = nested(assembly.shared[family], set)
      shared.set(key, (shared.get(key) ?? 0) + 1)
    } else {
      touch(assembly, { family, set }, key, undefined)
      elements.set(key, value)
      countCall(assembly, family, value, 1)
    }
  }
  return {
    places: fragment.map(({ family, set }) => placeOf(assembly, family, set)),
    keys: fragment.map(({ key }) => key),
  }
}

/** Removes what `addFragment` added, except elements that other fragments want too. */
export function removeFragment(assembly: Assembly, { places, keys }: Holding): void {
  for (const [at, key] of keys.entries()) {
    const place = places[at]
    if (place === undefined) continue
    const { family, set } = place
    const elements = assembly.sets[family].get(set)
    const value = elements?.get(key)
    if (elements === undefined || value === undefined) continue
    if (releaseShared(assembly.shared[family].get(set), key)) continue
    touch(assembly, place, key, value)
    elements.delete(key)
    countCall(assembly, family, value, -1)
    if (elements.size === 0) assembly.sets[family].delete(set)
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
function releaseShared(shared: Map<Tuple, number> | undefined, key: Tuple): boolean {
  const others = shared?.get(key)
  if (shared === undefined || others === undefined) return false
  if (others === 1) shared.delete(key)
  else shared.set(key, others - 1)
  return true
}

/** Returns what changed since the last call, without what changed back. */
export function takeChanges(assembly: Assembly): readonly ElementChange[] {
  const changes: ElementChange[] = []
  for (const family of ['ip', 'ip6'] as const) {
    for (const [set, keys] of assembly.touched[family]) {
      const elements = assembly.sets[family].get(set)
      for (const [key, before] of keys) {
        const after = elements?.get(key)
        if (!sameValue(before, after)) changes.push({ family, set, key, before, after })
      }
    }
    assembly.touched[family].clear()
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
  assembly: Assembly,
  { family, set }: Place,
  key: Tuple,
  before: ElementValue | undefined,
): void {
  if (!assembly.recording) return
  const keys = nested(assembly.touched[family], set)
  if (!keys.has(key)) keys.set(key, before)
}

function placeOf({ places }: Assembly, family: TableFamily, set: string): Place {
  let place = places[family].get(set)
  if (place === undefined) {
    place = { family, set }
    places[family].set(set, place)
  }
  return place
}

function nested<Value>(maps: Map<string, Map<Tuple, Value>>, name: string): Map<Tuple, Value> {
  let map = maps.get(name)
  if (map === undefined) {
    map = new Map()
    maps.set(name, map)
  }
  return map
}
