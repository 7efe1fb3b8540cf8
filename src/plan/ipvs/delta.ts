import type { Address } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import { present } from '../../model/present.ts'
import {
  byKind,
  type DestinationChange,
  type IpvsChange,
  type ServerChange,
  sameProperties,
} from '../../ruleset/ipvs/changes.ts'
import { serverKey } from '../../ruleset/ipvs/types.ts'
import type { IpvsOperation, IpvsPlan } from './operation.ts'

/** Whether the interface is there before the changes, and whether it has to be after them. */
interface DummyChange {
  readonly name: string
  readonly before: boolean
  readonly after: boolean
}

/**
 * Plans known changes; the cost depends on the changes alone. The order is one in which every
 * address is served as before or as after at every instant: servers are complete before their
 * address is bound, an address is unbound before its servers go, and what a server gains comes
 * before what it loses. `timeouts` are those to set, if any.
 */
export function planIpvsDelta(
  changes: readonly IpvsChange[],
  dummy: DummyChange,
  timeouts?: IpvsTimeouts,
): IpvsPlan {
  const { servers, destinations, addresses } = byKind(changes)
  const goes = dummy.before && !dummy.after
  const binds = addresses.filter(({ after }) => after)
  // An interface that goes takes its addresses with it.
  const unbinds = goes ? [] : addresses.filter(({ after }) => !after)
  return [
    ...(timeouts === undefined ? [] : [{ kind: 'set-timeouts' as const, timeouts }]),
    ...(dummy.after && !dummy.before ? [{ kind: 'add-dummy' as const, name: dummy.name }] : []),
    ...servers.flatMap(addOrEdit),
    ...inOrderOfWeight(ofStayingServers(destinations, servers)).map(destinationOperation),
    ...binds.map(({ address }) => addressOperation('add-address', dummy.name, address)),
    ...unbinds.map(({ address }) => addressOperation('delete-address', dummy.name, address)),
    ...(goes ? [{ kind: 'delete-dummy' as const, name: dummy.name }] : []),
    ...servers.flatMap(({ server, after }): IpvsOperation[] =>
      after === undefined ? [{ kind: 'delete-server', server }] : [],
    ),
  ]
}

function addOrEdit({ server, before, after }: ServerChange): IpvsOperation[] {
  // A server whose label alone changes is the same to the kernel.
  if (after === undefined || (before && sameProperties(before, after))) return []
  const { scheduler, schedulerFlags, persistence } = after
  const properties = { scheduler, schedulerFlags, persistence }
  return [{ kind: before === undefined ? 'add-server' : 'edit-server', server, properties }]
}

/** Leaves out the destinations of servers that go, because they go with their server. */
function ofStayingServers(
  destinations: readonly DestinationChange[],
  servers: readonly ServerChange[],
): readonly DestinationChange[] {
  const going = servers.filter(({ after }) => after === undefined)
  const gone = new Set(going.map(({ server }) => serverKey(server)))
  return gone.size === 0
    ? destinations
    : destinations.filter(({ server }) => !gone.has(serverKey(server)))
}

/** Puts what gains weight first and removals last: a server with destinations is never without. */
function inOrderOfWeight(changes: readonly DestinationChange[]): readonly DestinationChange[] {
  const rank = ({ before, after }: DestinationChange): number => {
    if (after === undefined) return 2
    return after.weight < (before?.weight ?? 0) ? 1 : 0
  }
  return [...changes].sort((a, b) => rank(a) - rank(b))
}

function destinationOperation({ server, before, after }: DestinationChange): IpvsOperation {
  if (after !== undefined) {
    const kind = before === undefined ? 'add-destination' : 'edit-destination'
    return { kind, server, destination: after }
  }
  return { kind: 'delete-destination', server, destination: present(before) }
}

function addressOperation(
  kind: 'add-address' | 'delete-address',
  dummy: string,
  address: Address,
): IpvsOperation {
  return { kind, dummy, address }
}
