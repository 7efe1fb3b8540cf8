import type { Address, Port } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { fieldsOf, lastFields, type Tuple, tuple, withoutLastFields } from '../../model/tuple.ts'
import type { ElementValue } from '../nftables/types.ts'
import {
  type DestinationKey,
  destinationKey,
  type IpvsRules,
  type KernelIpvs,
  type RealServer,
  type ServerId,
  type ServerKey,
  type ServerProperties,
  serverIdOf,
  type VirtualServer,
} from './types.ts'

/**
 * Sets whose elements stand for what ipvs and the dummy interface hold, so that it is collected,
 * shared and compared like the elements of the table. These sets never reach nftables.
 */
export const IPVS_SETS = {
  /** Virtual server : scheduler . flags . persistence */
  servers: 'ipvs:servers',
  /** Virtual server . endpoint : weight */
  destinations: 'ipvs:destinations',
  addresses: 'ipvs:addresses',
} as const

export function isIpvsSet(name: string): boolean {
  return name.startsWith('ipvs:')
}

/** Returns the value of an element that stands for a virtual server. */
export function serverValue(properties: ServerProperties, comment?: string): ElementValue {
  const { scheduler, schedulerFlags, persistence } = properties
  const data = tuple(scheduler, schedulerFlags, persistence ?? 0)
  return comment === undefined ? { data } : { data, comment }
}

/** Reads a value that `serverValue` wrote. */
export function propertiesOf({ data = tuple() }: ElementValue): ServerProperties {
  const [scheduler = '', flags, persistence] = fieldsOf(data)
  return {
    scheduler,
    schedulerFlags: Number(flags),
    persistence: Number(persistence) || undefined,
  }
}

/** Returns the value of an element that stands for a destination. */
export function weightValue(weight: number): ElementValue {
  return { data: tuple(weight) }
}

/** Returns the server and the destination that an element stands for. */
export function destinationOf(
  key: Tuple,
  value: ElementValue,
): { readonly server: ServerId; readonly destination: RealServer } {
  const server = serverOfDestination(key)
  const [address, port] = fieldsOf(lastFields(key, ENDPOINT_FIELDS))
  return {
    server: serverIdOf(server),
    destination: {
      address: address as Address,
      port: Number(port) as Port,
      weight: Number(value.data),
      method: 'masq',
    },
  }
}

/** Returns the server that is named in the key of a destination. */
export function serverOfDestination(key: Tuple): ServerKey {
  return withoutLastFields(key, ENDPOINT_FIELDS)
}

/** Returns the element for what the kernel holds; undefined if it holds no such thing. */
export function elementIn(kernel: KernelIpvs, set: string, key: Tuple): ElementValue | undefined {
  if (set === IPVS_SETS.addresses)
    return kernel.addresses.has(key as string as Address) ? {} : undefined
  if (set === IPVS_SETS.servers) {
    const server = kernel.servers.get(key)
    return server && serverValue(server)
  }
  const server = serverOfDestination(key)
  const destination = lastFields(key, ENDPOINT_FIELDS)
  const found = kernel.servers.get(server)?.destinations.get(destination)
  return found && weightValue(found.weight)
}

/** The fields of an endpoint: address and port. */
export const ENDPOINT_FIELDS = 2

type Sets = ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>

/** Returns the servers and addresses that the elements of these sets stand for. */
export function ipvsOf(
  sets: Readonly<Record<TableFamily, Sets>>,
): Pick<IpvsRules, 'servers' | 'addresses'> {
  const servers = new Map<ServerKey, VirtualServer>()
  const destinations = new Map<ServerKey, Map<DestinationKey, RealServer>>()
  const addresses = new Set<Address>()
  for (const family of ['ip', 'ip6'] as const) {
    for (const [key, value] of sets[family].get(IPVS_SETS.servers) ?? []) {
      const mine = new Map<DestinationKey, RealServer>()
      destinations.set(key, mine)
      servers.set(key, { ...serverIdOf(key), ...propertiesOf(value), destinations: mine })
    }
    for (const [key, value] of sets[family].get(IPVS_SETS.destinations) ?? []) {
      const { destination } = destinationOf(key, value)
      destinations.get(serverOfDestination(key))?.set(destinationKey(destination), destination)
    }
    for (const key of sets[family].get(IPVS_SETS.addresses)?.keys() ?? []) {
      addresses.add(key as string as Address)
    }
  }
  return { servers, addresses }
}
