import type { ElementValue, TableFamily, Tuple } from '../ruleset/types.ts'
import type { Fragment } from './fragment.ts'
import type { Slots } from './slots.ts'
import { tuple } from '../ruleset/sets.ts'

interface Entry {
  readonly value: ElementValue
  /** How many contributions want this element (pods in several Services share a hairpin element). */
  owners: number
}

type Sets = Map<string, Map<Tuple, Entry>>

/** The elements of all fragments together, counted, with a record of what changed. */
export interface Assembly {
  readonly sets: Readonly<Record<TableFamily, Sets>>
  /** By family, set and key: the value before the first touch; undefined where there was none. */
  readonly touched: Readonly<Record<TableFamily, Map<string, Map<Tuple, ElementValue | undefined>>>>
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
    touched: { ip: new Map(), ip6: new Map() },
  }
}

export function addFragment(assembly: Assembly, fragment: Fragment): void {
  for (const { family, set, key, value } of fragment) {
    const elements = nested(assembly.sets[family], set)
    const entry = elements.get(key)
    if (entry === undefined) {
      touch(assembly, family, set, key, undefined)
      elements.set(key, { value, owners: 1 })
    } else {
      entry.owners++
    }
  }
}

export function removeFragment(assembly: Assembly, fragment: Fragment): void {
  for (const { family, set, key } of fragment) {
    const elements = assembly.sets[family].get(set)
    const entry = elements?.get(key)
    if (elements === undefined || entry === undefined) continue
    entry.owners--
    if (entry.owners > 0) continue
    touch(assembly, family, set, key, entry.value)
    elements.delete(key)
    if (elements.size === 0) assembly.sets[family].delete(set)
  }
}

/** What changed since the last call, without what changed back. */
export function takeChanges(assembly: Assembly): readonly ElementChange[] {
  const changes: ElementChange[] = []
  for (const family of ['ip', 'ip6'] as const) {
    for (const [set, keys] of assembly.touched[family]) {
      const elements = assembly.sets[family].get(set)
      for (const [key, before] of keys) {
        const after = elements?.get(key)?.value
        if (!sameValue(before, after)) changes.push({ family, set, key, before, after })
      }
    }
    assembly.touched[family].clear()
  }
  return changes
}

/** The slots that a VIP's (or node port's) endpoints hold. */
export function heldSlots(assembly: Assembly, family: TableFamily, map: string, key: Tuple): Slots {
  const elements = assembly.sets[family].get(map)
  const slots: (Tuple | undefined)[] = []
  for (;;) {
    const entry = elements?.get(tuple(key, slots.length))
    if (entry === undefined) return slots
    slots.push(entry.value.data)
  }
}

export function sameValue(a: ElementValue | undefined, b: ElementValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.data === b.data && a.comment === b.comment
}

function touch(
  assembly: Assembly,
  family: TableFamily,
  set: string,
  key: Tuple,
  before: ElementValue | undefined,
): void {
  const keys = nested(assembly.touched[family], set)
  if (!keys.has(key)) keys.set(key, before)
}

function nested<Value>(maps: Map<string, Map<Tuple, Value>>, name: string): Map<Tuple, Value> {
  let map = maps.get(name)
  if (map === undefined) {
    map = new Map()
    maps.set(name, map)
  }
  return map
}
