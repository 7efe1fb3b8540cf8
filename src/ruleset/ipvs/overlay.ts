import type { Address } from '../../model/address.ts'
import { lastFields, type Tuple } from '../../model/tuple.ts'
import type { ElementValue } from '../nftables/types.ts'
import {
  destinationOf,
  ENDPOINT_FIELDS,
  IPVS_SETS,
  propertiesOf,
  serverOfDestination,
} from './elements.ts'
import {
  type DestinationKey,
  type IpvsRules,
  type RealServer,
  type ServerKey,
  serverIdOf,
  type VirtualServer,
} from './types.ts'

/** An element that replaces the rendered one, or removes it if there is no value. */
interface OverlaidElement {
  readonly set: string
  readonly key: Tuple
  readonly value: ElementValue | undefined
}

type Changed = Pick<IpvsRules, 'servers' | 'addresses'>

/** Returns the servers and addresses, with some elements in place of the rendered ones. */
export function overlay(
  { servers: rendered, addresses: bound }: Changed,
  elements: readonly OverlaidElement[],
): Changed {
  const servers = new Map(rendered)
  const addresses = new Set(bound)
  const of = (set: string) => elements.filter((element) => element.set === set)
  for (const { key, value } of of(IPVS_SETS.servers)) putServer(servers, key, value)
  for (const { key, value } of of(IPVS_SETS.destinations)) putDestination(servers, key, value)
  for (const { key, value } of of(IPVS_SETS.addresses)) {
    if (value === undefined) addresses.delete(key as string as Address)
    else addresses.add(key as string as Address)
  }
  return { servers, addresses }
}

type Servers = Map<ServerKey, VirtualServer>

function putServer(servers: Servers, key: Tuple, value: ElementValue | undefined): void {
  if (value === undefined) {
    servers.delete(key)
    return
  }
  const destinations = servers.get(key)?.destinations ?? new Map<DestinationKey, RealServer>()
  servers.set(key, { ...serverIdOf(key), ...propertiesOf(value), destinations })
}

function putDestination(servers: Servers, key: Tuple, value: ElementValue | undefined): void {
  const id = serverOfDestination(key)
  const server = servers.get(id)
  if (server === undefined) return
  const destinations = new Map(server.destinations)
  const destinationKey = lastFields(key, ENDPOINT_FIELDS)
  if (value === undefined) destinations.delete(destinationKey)
  else destinations.set(destinationKey, destinationOf(key, value).destination)
  servers.set(id, { ...server, destinations })
}
