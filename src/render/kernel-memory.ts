import { endpointsMap } from '../ruleset/sets.ts'
import type { KernelRuleset, KernelTable, TableFamily, Tuple } from '../ruleset/types.ts'
import type { FamilyMemory } from './fragment.ts'
import { noMemory, type SlotMemory, type Slots } from './slots.ts'

/** Remembers the slots that the kernel's tables hold, so that a restart moves no endpoint. */
export function kernelMemory(kernel: KernelRuleset): FamilyMemory {
  const memories: Record<TableFamily, SlotMemory> = {
    ip: tableMemory(kernel.ip),
    ip6: tableMemory(kernel.ip6),
  }
  return (family) => memories[family]
}

function tableMemory(table: KernelTable | undefined): SlotMemory {
  if (table === undefined) return noMemory
  const maps = new Map<string, Map<string, (Tuple | undefined)[]>>()
  for (const front of ['vip', 'node-port'] as const) {
    for (const reach of ['all', 'local'] as const) {
      const name = endpointsMap(front, reach)
      maps.set(name, slotsByKey(table.elements.get(name) ?? new Map()))
    }
  }
  return (map, key): Slots => maps.get(map)?.get(key) ?? []
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
