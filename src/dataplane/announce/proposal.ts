import { spotsIfAllLive } from '../../announce/all-live.ts'
import { spotsByLink } from '../../announce/announced.ts'
import type { Eligibility } from '../../announce/eligibility.ts'
import { readAnnounceTable } from '../../apply/netdev/read.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { supportsOwnership } from '../../apply/nftables/supports-ownership.ts'
import { readAnnouncingLinks } from '../../apply/rtnetlink/node-links.ts'
import type { Plan } from '../../plan/netdev/operation.ts'
import { isAnew, planAnnounce } from '../../plan/netdev/plan.ts'
import { announceTable } from '../../render/announce/table.ts'
import { withoutHandovers } from '../../ruleset/netdev/handover.ts'
import { whyNotKernel } from './choose-responder.ts'

/** What a node announces by the objects alone. */
interface Wish {
  readonly eligibility: Pick<Eligibility, 'addresses'>
  /** The name of this Node. */
  readonly node: string
  /** The names of all Nodes. */
  readonly nodes: readonly string[]
  /** Regular expressions for interfaces on which nothing is announced. */
  readonly excluded: readonly string[]
  /** Whether pings to the addresses are answered, too. */
  readonly ping: boolean
}

/** How the table in the kernel differs from what a node announces while all Nodes run. */
export interface ProposedAnnouncing {
  readonly kind: 'proposed'
  readonly plan: Plan
  /** The table is there, and its switch is off: then it answers nobody, whatever it holds. */
  readonly isOff: boolean
}

/** There is nothing to compare with. */
interface NotCompared {
  readonly kind: 'not-compared'
  readonly reason: string
}

/** Reads the table and returns what is missing there; changes nothing. Rejects with NetlinkError. */
export async function proposeAnnouncing(wish: Wish): Promise<ProposedAnnouncing | NotCompared> {
  const reason = await whyNotKernel()
  if (reason !== undefined) return { kind: 'not-compared', reason: `the agent answers: ${reason}` }
  const links = await readAnnouncingLinks(wish.excluded)
  const spots = spotsIfAllLive(wish.eligibility, { node: wish.node, links }, wish.nodes)
  const wanted = announceTable(spotsByLink(spots, links), { ping: wish.ping })
  const rules = [...wanted.chains.values()].flatMap((chain) => chain.rules)
  const socket = NetlinkSocket.open()
  try {
    const found = await readAnnounceTable(socket, rules)
    const ownership = (await supportsOwnership(socket)) ? 'kernel' : 'none'
    // What is offered at the moment is decided among live nodes, too.
    const lasting = found.table && withoutHandovers(found.table)
    const plan = planAnnounce(lasting, wanted, ownership)
    // That an agent adopts a table that nobody owns changes nothing of what is in it.
    const changes = isAnew(plan) ? plan : plan.filter(({ kind }) => kind !== 'add-table')
    const isOff = found.table !== undefined && found.switch === undefined
    return { kind: 'proposed', plan: changes, isOff }
  } finally {
    socket.close()
  }
}
