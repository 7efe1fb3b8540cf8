import { readIpvs } from '../../apply/ipvs/read.ts'
import { openIpvsSockets } from '../../apply/ipvs/sockets.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { readClients } from '../../apply/nftables/clients.ts'
import { readKernel } from '../../apply/nftables/read.ts'
import { hasIpvs } from '../../apply/sysctl/ipvs-node.ts'
import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { isOurs, recordedServers } from '../../plan/ipvs/ownership.ts'
import type { KernelIpvs } from '../../ruleset/ipvs/types.ts'
import type { KernelRuleset } from '../../ruleset/nftables/types.ts'
import type { WalkedIpvs, WalkedRuleset } from '../../trace/nftables/state.ts'
import type { Clients, Packet } from '../../trace/packet.ts'
import { walkedRuleset } from './kernel-ruleset.ts'

/** What the kernel of this machine does with packets. */
interface Applied {
  readonly ruleset: WalkedRuleset
  /** What the kernel remembers about this packet's client. */
  readonly clients: Clients
}

/**
 * Reads nodelb's tables in the kernel, and ipvs if the interface `dummy` or virtual servers are
 * nodelb's. Returns undefined if there is no table. Rejects with NetlinkError.
 */
export async function readApplied(
  socket: NetlinkSocket,
  packet: Packet,
  dummy: string,
): Promise<Applied | undefined> {
  const { ruleset: kernel } = await readKernel(socket)
  if (kernel.ip === undefined && kernel.ip6 === undefined) return undefined
  const family: TableFamily = tableOfAddress(packet.to)
  const sets = kernel[family]?.sets.values() ?? []
  const clients = await readClients(socket, family, sets, packet.from)
  const ipvs = hasIpvs() ? ours(await readServers(dummy), kernel) : undefined
  return { ruleset: { ...walkedRuleset(kernel), ...(ipvs && { ipvs }) }, clients }
}

/** Returns undefined if another program's interface has the name. */
async function readServers(dummy: string): Promise<KernelIpvs | undefined> {
  const sockets = openIpvsSockets()
  try {
    const reading = await readIpvs(sockets, dummy)
    return reading.kind === 'read' ? reading.kernel : undefined
  } finally {
    sockets.close()
  }
}

function ours(found: KernelIpvs | undefined, tables: KernelRuleset): WalkedIpvs | undefined {
  if (found === undefined) return undefined
  const recorded = recordedServers(tables)
  const servers = [...found.servers].filter(([key, each]) => isOurs(key, each, found, recorded))
  if (servers.length === 0 && found.addresses.size === 0) return undefined
  return { servers: new Map(servers), addresses: found.addresses }
}
