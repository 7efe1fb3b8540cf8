import type { TableFamily } from '../model/family.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import type { IpvsChange } from '../ruleset/ipvs/changes.ts'
import { sameValue } from '../ruleset/nftables/same-value.ts'
import type { ElementStep, ElementValue } from '../ruleset/nftables/types.ts'
import { chainCalledBy } from '../ruleset/nftables/verdicts.ts'
import type { Fragment } from './fragment.ts'
import {
  addIpvsFragment,
  emptyIpvsAssembly,
  type IpvsAssembly,
  type IpvsHolding,
  removeIpvsFragment,
  takeIpvsChanges,
} from './ipvs/assembly.ts'
import type { Slots } from './nftables/slots.ts'
import { addWant, dropWant, noWants, takeTouched, type Wants } from './wants.ts'

type Elements = Map<Tuple, ElementValue>

/** What all fragments want together, with a record of what changed. */
export interface Assembly {
  /** The sets that have elements. */
  readonly sets: Readonly<Record<TableFamily, Map<string, Elements>>>
  /** The number of elements of verdict maps that lead to a chain, by chain. */
  readonly calls: Readonly<Record<TableFamily, Map<string, number>>>
  /** Every set that ever had elements. */
  readonly places: Readonly<Record<TableFamily, Map<string, Place>>>
  /** What is wanted beside the tables; it stays empty with other backends than ipvs. */
  readonly ipvs: IpvsAssembly
  /** False while the first fragments come in, because all of them are new. */
  recording: boolean
}

/** A set of one of the tables. There is one object for each set, which all holdings share. */
interface Place extends Wants<Tuple, ElementValue> {
  readonly family: TableFamily
  readonly set: string
}

/** What a fragment holds in the assembly, without values; `keys[i]` is in `places[i]`. */
export interface Holding {
  readonly places: readonly Place[]
  readonly keys: readonly Tuple[]
  readonly ipvs: IpvsHolding | undefined
}

/** Changes of the tables, and of ipvs beside them. */
export interface Changes {
  readonly elements: readonly ElementStep[]
  readonly ipvs: readonly IpvsChange[]
}

/** Returns an assembly without fragments. */
export function emptyAssembly(): Assembly {
  return {
    sets: { ip: new Map(), ip6: new Map() },
    calls: { ip: new Map(), ip6: new Map() },
    places: { ip: new Map(), ip6: new Map() },
    ipvs: emptyIpvsAssembly(),
    recording: false,
  }
}

/** Adds a fragment; returns what `removeFragment` needs, so the fragment need not be kept. */
export function addFragment(assembly: Assembly, { elements, ipvs }: Fragment): Holding {
  const { sets, recording } = assembly
  const places: Place[] = []
  const keys: Tuple[] = []
  for (const { family, set, key, value } of elements) {
    const place = placeOf(assembly, family, set)
    places.push(place)
    keys.push(key)
    if (!addWant(place, key, value, recording)) continue
    if (place.values.size === 1) sets[place.family].set(place.set, place.values)
    countCall(assembly, place.family, value, 1)
  }
  return { places, keys, ipvs: ipvs && addIpvsFragment(assembly.ipvs, ipvs, recording) }
}

/** Removes what `addFragment` added, except what other fragments want too. */
export function removeFragment(assembly: Assembly, { places, keys, ipvs }: Holding): void {
  const { sets, recording } = assembly
  for (const [at, key] of keys.entries()) {
    const place = places[at]
    const value = place && dropWant(place, key, recording)
    if (place === undefined || value === undefined) continue
    countCall(assembly, place.family, value, -1)
    if (place.values.size === 0) sets[place.family].delete(place.set)
  }
  if (ipvs !== undefined) removeIpvsFragment(assembly.ipvs, ipvs, recording)
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

/** Returns what changed since the last call, without what changed back. */
export function takeChanges({ places, ipvs }: Assembly): Changes {
  const elements: ElementStep[] = []
  for (const family of ['ip', 'ip6'] as const) {
    for (const place of places[family].values()) {
      const { set } = place
      for (const [key, before, after] of takeTouched(place)) {
        if (!sameValue(before, after)) elements.push({ family, set, key, before, after })
      }
    }
  }
  return { elements, ipvs: takeIpvsChanges(ipvs) }
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

function placeOf({ places }: Assembly, family: TableFamily, set: string): Place {
  const found = places[family].get(set)
  if (found !== undefined) return found
  const place: Place = { family, set, ...noWants() }
  places[family].set(set, place)
  return place
}
