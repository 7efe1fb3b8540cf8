import {
  ChangeNotes,
  type FrontendName,
  type NotedChange,
  type ServedFrontends,
} from '../../frontend/frontend-change.ts'
import { tableOfAddress } from '../../model/family.ts'
import { frontendAddress } from '../../model/frontend-id.ts'
import { present } from '../../model/present.ts'
import type { Tuple } from '../../model/tuple.ts'
import { byKind, type IpvsChange } from '../../ruleset/ipvs/changes.ts'
import {
  destinationKey,
  type IpvsRules,
  type KernelIpvs,
  type RealServer,
  type ServerId,
  serverKey,
  type VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import { namedByTables } from '../nftables/served.ts'
import type { IpvsPlan } from './operation.ts'

// TCP is left out: ipvs itself ends connections to a destination that is gone, and leads one whose
// SYN came too early when the SYN comes again. Conntrack shows no answer of what ipvs carries then,
// so what nobody has answered might work.

/** Returns where virtual servers lead new flows. Ports of the node are virtual servers, too. */
export function servedByIpvs({
  servers,
  filter,
}: Pick<IpvsRules, 'servers' | 'filter'>): ServedFrontends {
  return {
    all: () =>
      [...servers].flatMap(([id, server]) =>
        openDestinations(server).size === 0 ? [] : [{ family: tableOfAddress(server.address), id }],
      ),
    // One without endpoints has no virtual server, but the tables refuse what is sent there.
    every: () => namedByTables(filter).filter(hasFlowsToEnd),
    endpoints: ({ id }) => openDestinations(servers.get(id)),
    has: ({ id }) => servers.has(id),
    answersNodePorts: () => false,
  }
}

/** Returns whether flows of a frontend go stale, as tables beside ipvs name frontends of all protocols. */
export function hasFlowsToEnd({ id }: FrontendName): boolean {
  return !endsItself(frontendAddress(id))
}

function openDestinations(server: VirtualServer | undefined): ReadonlySet<Tuple> {
  if (server === undefined || server.protocol === 'tcp') return new Set()
  const open = [...server.destinations.values()].filter(isOpen)
  return new Set(open.map(destinationKey))
}

/** Returns what changes of destinations mean for the frontends of their virtual servers. */
export function notedInChanges(changes: readonly IpvsChange[]): readonly NotedChange[] {
  const notes = new ChangeNotes()
  for (const { server, endpoint, before, after } of byKind(changes).destinations) {
    if (endsItself(server)) continue
    const { gone, came } = notes.of(frontendOf(server))
    if (isOpen(before)) gone.add(endpoint)
    if (isOpen(after)) came.add(endpoint)
  }
  return notes.all()
}

/** A destination of weight 0 gets no new flows. */
function isOpen(destination: RealServer | undefined): boolean {
  return destination !== undefined && destination.weight > 0
}

/** Returns the same for a plan; `current` is what ipvs held before it. */
export function notedInPlan(plan: IpvsPlan, current: KernelIpvs): readonly NotedChange[] {
  const notes = new ChangeNotes()
  for (const operation of plan) {
    if (!('server' in operation)) continue
    const { server } = operation
    if (endsItself(server)) continue
    const { gone, came } = notes.of(frontendOf(server))
    switch (operation.kind) {
      case 'delete-server':
        for (const endpoint of destinationsIn(current, server)) gone.add(endpoint)
        break
      case 'add-destination':
      case 'edit-destination':
      case 'delete-destination': {
        const { destination } = operation
        const comes = operation.kind !== 'delete-destination' && destination.weight > 0
        const side = comes ? came : gone
        side.add(destinationKey(destination))
        break
      }
      default:
        break
    }
  }
  return notes.all()
}

function destinationsIn({ servers }: KernelIpvs, server: ServerId): Iterable<Tuple> {
  return present(servers.get(serverKey(server))).destinations.keys()
}

function endsItself({ protocol }: Pick<ServerId, 'protocol'>): boolean {
  return protocol === 'tcp'
}

function frontendOf(server: ServerId): FrontendName {
  return { family: tableOfAddress(server.address), id: serverKey(server) }
}
