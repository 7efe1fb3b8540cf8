import {
  type DestinationKey,
  destinationKey,
  emptyKernelIpvs,
  type KernelIpvs,
  type RealServer,
  type ServerId,
  type ServerKey,
  serverKey,
  type VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import { findFamily } from '../generic/family.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { listAddresses } from '../rtnetlink/addresses.ts'
import { findLink } from '../rtnetlink/links.ts'
import { IPVS_FAMILY } from './constants.ts'
import { decodeDestination, decodeServer, decodeTimeouts } from './decode.ts'
import { getTimeouts, listDestinations, listServers } from './encode.ts'
import type { IpvsSockets } from './sockets.ts'

type IpvsReading =
  | { readonly kind: 'read'; readonly kernel: KernelIpvs }
  /** An interface of another kind has the name of nodelb's; `found` is its kind. */
  | { readonly kind: 'not-a-dummy'; readonly name: string; readonly found: string }

/**
 * Reads all virtual servers, and the addresses of the interface `dummy`. A kernel without ipvs has
 * no virtual servers. Rejects with NetlinkError, such as EPERM without CAP_NET_ADMIN.
 */
export async function readIpvs(sockets: IpvsSockets, dummy: string): Promise<IpvsReading> {
  const link = await findLink(sockets.route, dummy)
  if (link.kind === 'other') return { kind: 'not-a-dummy', name: dummy, found: link.found }
  const there = link.kind === 'dummy'
  const addresses = there ? await listAddresses(sockets.route, link.index) : new Set<never>()
  const family = await findFamily(sockets.generic, IPVS_FAMILY)
  const ipvs = family.kind === 'found' ? await readServers(sockets.generic, family.id) : {}
  return { kind: 'read', kernel: { ...emptyKernelIpvs, ...ipvs, dummy: there, addresses } }
}

/** Needs one listing, and one more for each server. */
async function readServers(
  socket: NetlinkSocket,
  family: number,
): Promise<Pick<KernelIpvs, 'servers' | 'timeouts'>> {
  const found = (await socket.dump(listServers(family))).replies.map(decodeServer)
  const servers = new Map<ServerKey, VirtualServer>()
  for (const server of found) {
    if (server === undefined) continue
    const destinations = await readDestinations(socket, family, server)
    servers.set(serverKey(server), { ...server, destinations })
  }
  const [timeouts] = (await socket.request(getTimeouts(family))).map(decodeTimeouts)
  return { servers, timeouts }
}

async function readDestinations(
  socket: NetlinkSocket,
  family: number,
  server: ServerId,
): Promise<ReadonlyMap<DestinationKey, RealServer>> {
  const destinations = new Map<DestinationKey, RealServer>()
  for (const reply of (await socket.dump(listDestinations(family, server))).replies) {
    const found = decodeDestination(reply, server)
    if (found === undefined) continue
    const { connections, ...destination } = found
    destinations.set(destinationKey(destination), destination)
  }
  return destinations
}
