import { networkInterfaces } from 'node:os'
import type { ServedFrontends } from '../../frontend/frontend-change.ts'
import {
  type Flow,
  type FlowJudge,
  flowJudge,
  type StillServes,
  type TouchedFrontend,
} from '../../plan/flows/stale.ts'
import type { Request } from '../netlink/message.ts'
import { NetlinkError } from '../netlink/netlink-error.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { lacksDescriptors, REMEDY } from '../no-descriptors.ts'
import { deleteFlow, listFlows, readFlow, type Selection } from './flow.ts'

/** The number of flows to the ports of touched frontends, and how many of them were deleted. */
interface Counts {
  readonly examined: number
  readonly deleted: number
}

export type CleanOutcome =
  | ({ readonly kind: 'cleaned' } & Counts)
  /** The kernel has no ctnetlink or refuses its use; stale flows may be left. */
  | ({ readonly kind: 'refused'; readonly errno: string; readonly remedy: string } & Counts)

/**
 * Deletes the flows that touched frontends left stale. `served` returns the latest state each time. The
 * socket should be used for nothing else, since commits would wait while a long table is listed.
 */
export async function cleanFlows(
  socket: NetlinkSocket,
  touched: readonly TouchedFrontend[],
  served: () => ServedFrontends,
  stillServes?: StillServes,
): Promise<CleanOutcome> {
  const isStale = flowJudge(touched, stillServes)
  const counts = { examined: 0, deleted: 0 }
  try {
    for (const selection of selections(touched)) {
      const found = await findStale(socket, selection, isStale, served)
      counts.examined += found.examined
      for (const deletion of found.deletions) {
        if (await deleted(socket, deletion)) counts.deleted += 1
      }
    }
    return { kind: 'cleaned', ...counts }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return { kind: 'refused', errno: error.code, remedy: remedy(error), ...counts }
  }
}

/** Needs one listing for each family, protocol and choice of flows. */
function selections(touched: readonly TouchedFrontend[]): readonly Selection[] {
  const found = new Map<string, Selection & { readonly ports: Set<number> }>()
  for (const { family, protocol, port, flows } of touched) {
    const id = `${family} ${protocol} ${flows}`
    const selection = found.get(id) ?? { family, protocol, flows, ports: new Set() }
    found.set(id, selection)
    selection.ports.add(port)
  }
  return [...found.values()]
}

interface Found {
  readonly examined: number
  readonly deletions: readonly Request[]
}

/**
 * Judges what is found stale again when all is listed, because a newer commit may have brought an endpoint back
 * meanwhile. `served` is not called for each flow: where a Service is refused, it copies sets of all Services.
 */
async function findStale(
  socket: NetlinkSocket,
  selection: Selection,
  isStale: FlowJudge,
  served: () => ServedFrontends,
): Promise<Found> {
  const local = localAddresses()
  const before = served()
  const found: { readonly flow: Flow; readonly deletion: Request }[] = []
  let examined = 0
  await socket.walk(listFlows(selection), (reply) => {
    const flow = readFlow(reply, selection)
    if (flow === undefined) return
    examined += 1
    if (!isStale(flow, before, local)) return
    found.push({ flow, deletion: deleteFlow(reply, selection.family) })
  })
  const after = served()
  const stale = found.filter(({ flow }) => isStale(flow, after, local))
  return { examined, deletions: stale.map(({ deletion }) => deletion) }
}

/** Returns false when the flow had already ended. */
async function deleted(socket: NetlinkSocket, deletion: Request): Promise<boolean> {
  try {
    await socket.request(deletion)
    return true
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENOENT') return false
    throw error
  }
}

/**
 * Returns the addresses on which node ports answer: all but loopback addresses, including others of
 * the loopback interface.
 */
function localAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const addresses = all.map(({ address }) => address)
  return new Set(addresses.filter((address) => address !== '::1' && !address.startsWith('127.')))
}

function remedy({ code, message }: NetlinkError): string {
  switch (code) {
    case 'EPERM':
      return 'give nodelb the capability NET_ADMIN'
    case 'EINVAL':
      return 'load the kernel module nf_conntrack_netlink'
    default:
      return lacksDescriptors(message) ? REMEDY : 'the next cleaning will try again'
  }
}
