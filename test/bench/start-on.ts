import { findPrograms } from '../../src/apply/iptables/programs.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { startIptablesSession } from '../../src/dataplane/iptables/session.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import type { Started } from '../../src/dataplane/session.ts'
import type { BenchBackend } from './protocol.ts'

/** A session of this backend, as the agent has one. */
export async function startOn(backend: BenchBackend, goal: Goal): Promise<Started> {
  if (backend === 'nftables') return startSession(NetlinkSocket.open(), goal)
  const flavour = backend === 'iptables-nft' ? 'nft' : 'legacy'
  const settings = {
    ...goal.settings,
    backend: { kind: 'iptables', flavour, loopbackNodePorts: [] } as const,
  }
  return startIptablesSession(await findPrograms(flavour), { ...goal, settings }, {})
}
