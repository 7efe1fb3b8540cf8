import type { TableFamily } from '../model/family.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import type { IpvsChange } from '../ruleset/ipvs/changes.ts'
import { sameValue } from '../ruleset/nftables/same-value.ts'
import type { ElementStep, ElementValue } from '../ruleset/nftables/types.ts'
import { chainCalledBy } from '../ruleset/nftables/verdicts.ts'
import { emptyIpvsAssembly, type IpvsAssembly, takeIpvsChanges } from './ipvs/assembly.ts'
import type { Contribution } from './nftables/emit.ts'
import { SlotElements } from './nftables/slot-elements.ts'
import type { Slots } from './nftables/slots.ts'
import { addWant, dropWant, noWants, takeTouched, type Wants } from './wants.ts'

type Elements = ReadonlyMap<Tuple, ElementValue>

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
  /** The sets of the last fragment that was added; the next one is often in the same. */
  lastPlaces: readonly Place[]
}

/** A set of one of the tables. There is one object for each set, which all holdings share. */
export interface Place extends Wants<Tuple, ElementValue> {
  readonly family: TableFamily
  readonly set: string
  /** Of an endpoints map, the slots of each frontend; such a map has no `values`. */
  readonly slots: Wants<Tuple, Slots>
  /** What the set holds: `values`, or an element for each slot. */
  readonly elements: Elements
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
    lastPlaces: [],
  }
}

/** Adds a want for an element or for slots; returns its set. */
export function put(assembly: Assembly, wanted: Contribution): Place {
  const { recording } = assembly
  const { key } = wanted
  const place = placeOf(assembly, wanted)
  if (wanted.kind === 'slots') {
    if (addWant(place.slots, key, wanted.slots, recording)) note(assembly, place, place.slots)
  } else if (addWant(place, key, wanted.value, recording)) {
    note(assembly, place, place)
    countCall(assembly, place.family, wanted.value, 1)
  }
  return place
}

/** Takes a want back; nothing changes if it is still wanted. */
export function take(assembly: Assembly, place: Place, key: Tuple): void {
  const { recording } = assembly
  if (place.slots.values.has(key)) {
    dropWant(place.slots, key, recording)
    note(assembly, place, place.slots)
    return
  }
  const value = dropWant(place, key, recording)
  if (value === undefined) return
  countCall(assembly, place.family, value, -1)
  note(assembly, place, place)
}

/** Notes whether the set has elements, after one thing that makes them came or went. */
function note(
  { sets }: Assembly,
  { family, set, elements }: Place,
  { values }: Wants<Tuple, unknown>,
): void {
  if (values.size === 0) sets[family].delete(set)
  else if (values.size === 1) sets[family].set(set, elements)
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

/** The slots of a frontend before and after a change. */
type SlotsChange = readonly [Tuple, Slots | undefined, Slots | undefined]

/** Returns the elements of a frontend that differ before and after. */
function* slotSteps(
  { family, set }: Place,
  [id, before = [], after = []]: SlotsChange,
): Iterable<ElementStep> {
  for (let slot = 0; slot < Math.max(before.length, after.length); slot++) {
    const was = before[slot]
    const is = after[slot]
    if (sameValue(was, is)) continue
    yield { family, set, key: tuple(id, slot), before: was, after: is }
  }
}

/** Returns what changed since the last call, without what changed back. */
export function takeChanges(assembly: Assembly): Changes {
  const elements: ElementStep[] = []
  for (const family of ['ip', 'ip6'] as const) {
    for (const place of assembly.places[family].values()) {
      const { set } = place
      for (const [key, before, after] of takeTouched(place)) {
        if (!sameValue(before, after)) elements.push({ family, set, key, before, after })
      }
      for (const change of takeTouched(place.slots)) {
        elements.push(...slotSteps(place, change))
      }
    }
  }
  return { elements, ipvs: takeIpvsChanges(assembly.ipvs) }
}

/** Returns the slots that the endpoints of a VIP (or node port) hold. */
export function heldSlots(
  { places }: Assembly,
  family: TableFamily,
  map: string,
  key: Tuple,
): Slots | undefined {
  return places[family].get(map)?.slots.values.get(key)
}

function placeOf({ places }: Assembly, { kind, family, set }: Contribution): Place {
  const found = places[family].get(set)
  if (found !== undefined) return found
  const wants = noWants<Tuple, ElementValue>()
  const slots = noWants<Tuple, Slots>()
  const elements = kind === 'slots' ? new SlotElements(slots.values) : wants.values
  const place: Place = { family, set, ...wants, slots, elements }
  places[family].set(set, place)
  return place
}
