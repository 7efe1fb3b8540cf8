import type { TableFamily } from '../../model/family.ts'
import { unreachable } from '../../model/unreachable.ts'
import { type Front, SETS, type SetId, setNamed } from './sets.ts'
import type { FieldType, SetSchema } from './types.ts'

/** How many clients, each with its VIP, seats 0 and 1 remember unless configured otherwise. */
export const AFFINITY_CLIENTS = 262_144
/** How many VIPs the set `crowded` has room for. */
const MOST_CROWDED = 65_536

/**
 * Returns how many clients a seat remembers. Seats 0 and 1 remember `clients` each, seats 2 and 3
 * half as many, seats 4 to 7 a quarter, and so on: a Service has room for about `clients`, however
 * many endpoints it has, and the whole grows with the logarithm of the seats.
 */
export function roomInSeat(seat: number, clients: number): number {
  const halvings = Math.floor(Math.log2(Math.max(1, seat)))
  return Math.max(1, Math.floor(clients / 2 ** halvings))
}

/** Returns what a set holds, which follows from its name. */
export function setSchema(family: TableFamily, name: string): SetSchema {
  const cache = family === 'ip' ? schemas4 : schemas6
  let schema = cache.get(name)
  if (schema === undefined) {
    const shape = shapeOf(setNamed(name), family === 'ip' ? 'ipv4_addr' : 'ipv6_addr')
    schema = { name, ...shape }
    cache.set(name, schema)
  }
  return schema
}

const schemas4 = new Map<string, SetSchema>()
const schemas6 = new Map<string, SetSchema>()

type Shape = Omit<SetSchema, 'name'>

/** Returns what a set holds; one that nodelb does not know counts as a set of VIPs. */
function shapeOf(id: SetId | undefined, address: FieldType): Shape {
  const target: readonly FieldType[] = [address, 'inet_service']
  switch (id?.kind) {
    case undefined:
      return { key: keyOf('vip', address) }
    case 'single':
      return singleShape(id.name, address)
    case 'front':
    case 'counted':
    case 'range':
    case 'sticky':
      return { key: keyOf(id.front, address) }
    case 'metered':
      return { key: keyOf(id.front, address), counter: true }
    case 'endpoints':
      return { key: [...keyOf(id.front, address), 'slot'], data: target }
    case 'seat':
      return { key: keyOf(id.front, address), data: target }
    case 'seated':
      return { key: [...keyOf(id.front, address), ...target], data: 'verdict' }
    case 'clients': {
      const size = roomInSeat(id.seat, AFFINITY_CLIENTS)
      return { key: [address, ...keyOf('vip', address)], learned: { size } }
    }
    default:
      return unreachable(id)
  }
}

function singleShape(
  name: Extract<SetId, { readonly kind: 'single' }>['name'],
  address: FieldType,
): Shape {
  const vip = keyOf('vip', address)
  switch (name) {
    case SETS.hairpin:
      return { key: [address, address] }
    case SETS.clusterIps:
    case SETS.boundAddresses:
    case SETS.nodeAddresses:
      return { key: [address] }
    case SETS.podRanges:
    case SETS.nodePortAddresses:
    case SETS.serviceRanges:
      return { key: [address], interval: true }
    case SETS.restricted:
      return { key: vip }
    case SETS.allowedSources:
      return { key: [...vip, address], interval: true }
    case SETS.crowded:
      return { key: vip, learned: { size: MOST_CROWDED } }
    case SETS.shortCuts:
    case SETS.reserved:
      return { key: vip, data: [address, 'inet_service'] }
    default:
      return unreachable(name)
  }
}

function keyOf(front: Front, address: FieldType): readonly FieldType[] {
  return front === 'vip' ? [address, 'inet_proto', 'inet_service'] : ['inet_proto', 'inet_service']
}
