import { byKind, type DestinationChange, type IpvsChange, type ServerChange } from './changes.ts'
import { type IpvsContent, type ServerKey, serverKey, type VirtualServer } from './types.ts'

/**
 * Returns the servers and addresses as they are when these changes are not made: for each, what was
 * there before it.
 */
export function withoutChanges(
  { servers: all, addresses: bound }: IpvsContent,
  changes: readonly IpvsChange[],
): IpvsContent {
  const made = byKind(changes)
  const servers = new Map(all)
  const addresses = new Set(bound)
  for (const change of made.servers) restoreServer(servers, change)
  for (const change of made.destinations) restoreDestination(servers, change)
  for (const { address, before } of made.addresses) {
    if (before) addresses.add(address)
    else addresses.delete(address)
  }
  return { servers, addresses }
}

type Servers = Map<ServerKey, VirtualServer>

function restoreServer(servers: Servers, { server, before }: ServerChange): void {
  const key = serverKey(server)
  if (before === undefined) {
    servers.delete(key)
    return
  }
  const { scheduler, schedulerFlags, persistence } = before
  const destinations: VirtualServer['destinations'] = servers.get(key)?.destinations ?? new Map()
  servers.set(key, { ...server, scheduler, schedulerFlags, persistence, destinations })
}

/** A destination has no place where its server is not wanted. */
function restoreDestination(servers: Servers, change: DestinationChange): void {
  const { server, endpoint, before } = change
  const key = serverKey(server)
  const found = servers.get(key)
  if (found === undefined) return
  const destinations = new Map(found.destinations)
  if (before === undefined) destinations.delete(endpoint)
  else destinations.set(endpoint, before)
  servers.set(key, { ...found, destinations })
}
