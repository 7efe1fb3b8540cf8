import {
  ChangeNotes,
  type FrontendName,
  type NotedChange,
  type ServedFrontends,
} from '../../frontend/frontend-change.ts'
import { tableOfAddress } from '../../model/family.ts'
import { lastFields, type Tuple, tuple } from '../../model/tuple.ts'
import { ENDPOINT_FIELDS, IPVS_SETS, serverOfDestination } from '../../ruleset/ipvs/elements.ts'
import {
  destinationKey,
  type IpvsRules,
  type KernelIpvs,
  type ServerKey,
  serverIdOf,
  serverKey,
  type VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { ElementStep } from '../nftables/delta.ts'
import type { IpvsPlan } from './operation.ts'

// TCP is left out, because ipvs itself ends connections to a destination that is gone.

/** Returns where virtual servers lead new flows. Ports of the node are virtual servers, too. */
export function servedByIpvs({ servers }: Pick<IpvsRules, 'servers'>): ServedFrontends {
  return {
    all: () =>
      [...servers].flatMap(([id, server]) =>
        openDestinations(server).size === 0 ? [] : [{ family: tableOfAddress(server.address), id }],
      ),
    endpoints: ({ id }) => openDestinations(servers.get(id)),
    has: ({ id }) => servers.has(id),
    answersNodePorts: () => false,
  }
}

function openDestinations(server: VirtualServer | undefined): ReadonlySet<Tuple> {
  if (server === undefined || server.protocol === 'tcp') return new Set()
  const open = [...server.destinations.values()].filter(({ weight }) => weight > 0)
  return new Set(open.map(destinationKey))
}

/** Returns what changes of destinations mean for the frontends of their virtual servers. */
export function notedInElements(changes: readonly ElementStep[]): readonly NotedChange[] {
  const notes = new ChangeNotes()
  for (const { set, key, before, after } of changes) {
    const server = set === IPVS_SETS.destinations ? serverOfDestination(key) : undefined
    if (server === undefined || endsItself(server)) continue
    const noted = notes.of(frontendOf(server))
    const endpoint = lastFields(key, ENDPOINT_FIELDS)
    if (isOpen(before)) noted.gone.add(endpoint)
    if (isOpen(after)) noted.came.add(endpoint)
  }
  return notes.all()
}

/** A destination of weight 0 gets no new flows. */
function isOpen(value: ElementValue | undefined): boolean {
  return value !== undefined && value.data !== tuple(0)
}

/** Returns the same for a plan; `current` is what ipvs held before it. */
export function notedInPlan(plan: IpvsPlan, current: KernelIpvs): readonly NotedChange[] {
  const notes = new ChangeNotes()
  for (const operation of plan) {
    if (!('server' in operation)) continue
    const server = serverKey(operation.server)
    if (endsItself(server)) continue
    const { gone, came } = notes.of(frontendOf(server))
    switch (operation.kind) {
      case 'delete-server':
        for (const endpoint of current.servers.get(server)?.destinations.keys() ?? []) {
          gone.add(endpoint)
        }
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

function endsItself(server: ServerKey): boolean {
  return serverIdOf(server).protocol === 'tcp'
}

function frontendOf(server: ServerKey): FrontendName {
  return { family: tableOfAddress(serverIdOf(server).address), id: server }
}
