import type { KernelIpvs } from '../ruleset/ipvs.ts'
import { endpointsMap, isSeatedSet, numberOf } from '../ruleset/sets.ts'
import type { KernelRuleset, KernelTable, TableFamily, Tuple } from '../ruleset/types.ts'
import { type FamilyMemory, type Memory, noMemory } from './fragment.ts'
import { heldSeats } from './seats.ts'

/** Remembers slots and seats that the kernel's tables hold, so that a restart moves no endpoint. */
export function kernelMemory(kernel: KernelRuleset): FamilyMemory {
  const memories: Record<TableFamily, Memory> = {
    ip: tableMemory(kernel.ip),
    ip6: tableMemory(kernel.ip6),
  }
  return (family) => memories[family]
}

function tableMemory(table: KernelTable | undefined): Memory {
  if (table === undefined) return noMemory
  const maps = new Map<string, Map<string, (Tuple | undefined)[]>>()
  for (const front of ['vip', 'node-port'] as const) {
    for (const reach of ['all', 'local'] as const) {
      const name = endpointsMap(front, reach)
      maps.set(name, slotsByKey(table.elements.get(name) ?? new Map()))
    }
  }
  const seats = 1 + Math.max(-1, ...[...table.sets.keys()].filter(isSeatedSet).map(numberOf))
  return {
    slots: (map, key) => maps.get(map)?.get(key) ?? [],
    seats: (front, key) => heldSeats(table.elements, front, key, Math.min(seats, MAX_SLOT) || 0),
    destinations: noMemory.destinations,
  }
}

/** A slot beyond this is somebody else's doing; it must not make us allocate an array for it. */
const MAX_SLOT = 65_535

function slotsByKey(
  elements: ReadonlyMap<Tuple, { readonly data?: Tuple }>,
): Map<string, (Tuple | undefined)[]> {
  const byKey = new Map<string, (Tuple | undefined)[]>()
  for (const [key, { data }] of elements) {
    const end = key.lastIndexOf(' . ')
    const slot = Number(key.slice(end + 3))
    if (!(slot <= MAX_SLOT)) continue
    const vip = key.slice(0, end)
    const slots = byKey.get(vip) ?? []
    slots[slot] = data
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
