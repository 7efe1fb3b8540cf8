import type { TableFamily } from '../../model/family.ts'
import { lastFields, type Tuple, withoutLastFields } from '../../model/tuple.ts'
import type { KernelIpvs } from '../../ruleset/ipvs/types.ts'
import { ENDPOINTS_MAPS, setNamed } from '../../ruleset/nftables/sets.ts'
import type { ElementValue, KernelRuleset, KernelTable } from '../../ruleset/nftables/types.ts'
import { type FamilyMemory, type Memory, noMemory } from './emit.ts'
import { heldSeats } from './seats.ts'
import { NO_SLOTS } from './slots.ts'

/** Remembers slots and seats that the kernel's tables hold, so that a restart moves no endpoint. */
export function kernelMemory(kernel: KernelRuleset): FamilyMemory {
  const memories: Record<TableFamily, Memory> = {
    ip: tableMemory(kernel.ip),
    ip6: tableMemory(kernel.ip6),
  }
  return (family) => memories[family]
}

/**
 * No closure here refers to the table itself: V8 would keep it as long as the renderer, which lives
 * for weeks. Slots are returned once, because the renderer has them then; what remains belongs to
 * Services that are not rendered yet.
 */
function tableMemory(table: KernelTable | undefined): Memory {
  if (table === undefined) return noMemory
  const maps = slotsByMap(table)
  const seating = seatingOf(table)
  const most = mostSeats(table)
  return {
    slots(map, key) {
      const slots = maps.get(map)?.get(key) ?? NO_SLOTS
      maps.get(map)?.delete(key)
      return slots
    },
    seats: (front, key) => heldSeats(seating, front, key, most),
    destinations: noMemory.destinations,
  }
}

/** Returns the sets that say which endpoint has which seat. */
function seatingOf({ elements }: KernelTable): KernelTable['elements'] {
  return new Map(
    [...elements].filter(([name]) => {
      const kind = setNamed(name)?.kind
      return kind === 'seat' || kind === 'sticky'
    }),
  )
}

function mostSeats({ sets }: KernelTable): number {
  const seats = [...sets.keys()]
    .map(setNamed)
    .flatMap((id) => (id?.kind === 'clients' ? id.seat : []))
  return Math.min(1 + Math.max(-1, ...seats), MAX_SLOT)
}

/** A slot beyond this was not made by nodelb; it must not make nodelb allocate an array for it. */
const MAX_SLOT = 65_535

function slotsByMap({ elements }: KernelTable): ReadonlyMap<string, SlotsByKey> {
  // The kernel names an endpoint anew in each map and for each frontend; it is kept once.
  const values = new Map<Tuple, ElementValue>()
  const shared = (data: Tuple): ElementValue => {
    const value = values.get(data) ?? { data }
    values.set(data, value)
    return value
  }
  return new Map(
    ENDPOINTS_MAPS.map((name) => [name, slotsByKey(elements.get(name) ?? new Map(), shared)]),
  )
}

type SlotsByKey = Map<string, (ElementValue | undefined)[]>

function slotsByKey(
  elements: ReadonlyMap<Tuple, ElementValue>,
  shared: (data: Tuple) => ElementValue,
): SlotsByKey {
  const byKey: SlotsByKey = new Map()
  for (const [key, { data }] of elements) {
    const slot = Number(lastFields(key, 1))
    if (!(slot <= MAX_SLOT)) continue
    const vip = withoutLastFields(key, 1)
    const slots = byKey.get(vip) ?? []
    slots[slot] = data && shared(data)
    byKey.set(vip, slots)
  }
  return byKey
}

/** Remembers the destinations that ipvs holds, so that a restart cuts no connection. */
export function ipvsMemory({ servers }: KernelIpvs): FamilyMemory {
  const memory: Memory = {
    ...noMemory,
    destinations: (server, endpoint) => servers.get(server)?.destinations.has(endpoint) === true,
  }
  return () => memory
}
