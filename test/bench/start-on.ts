import type { Goal } from '../../src/agent/dataplane.ts'
import { startIptablesSession } from '../../src/agent/iptables-session.ts'
import { startSession } from '../../src/agent/nftables-session.ts'
import type { Started } from '../../src/agent/session.ts'
import { findPrograms } from '../../src/apply/iptables/programs.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import type { BenchBackend } from './protocol.ts'

/** A session of this backend, as the agent has one. */
export async function startOn(backend: BenchBackend, goal: Goal): Promise<Started> {
  if (backend === 'nftables') return startSession(NetlinkSocket.open(), goal)
  const flavour = backend === 'iptables-nft' ? 'nft' : 'legacy'
  const settings = { ...goal.settings, iptables: { flavour, loopbackNodePorts: [] } as const }
  return startIptablesSession(await findPrograms(flavour), { ...goal, settings }, {})
}
