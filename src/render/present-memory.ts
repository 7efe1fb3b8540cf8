import { type Assembly, heldSlots } from './assembly.ts'
import type { FamilyMemory } from './nftables/emit.ts'
import { heldSeats } from './nftables/seats.ts'

/** Returns present slots, seats and destinations, or those of `before` for what is not there. */
export function memoryOf(assembly: Assembly, before: FamilyMemory): FamilyMemory {
  return (family) => ({
    slots(map, key) {
      return heldSlots(assembly, family, map, key) ?? before(family).slots(map, key)
    },
    seats(front, key) {
      const seats = heldSeats(assembly.sets[family], front, key)
      return seats.size > 0 ? seats : before(family).seats(front, key)
    },
    destinations(server, endpoint) {
      const present = assembly.ipvs.servers.values.get(server)
      return present === undefined
        ? before(family).destinations(server, endpoint)
        : present.server.destinations.has(endpoint)
    },
  })
}
