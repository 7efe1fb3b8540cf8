import type { Address } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import type { RealServer, ServerId, ServerProperties } from '../../ruleset/ipvs/types.ts'
import type { IpvsOperation, IpvsPlan } from './operation.ts'

/** The differences between what ipvs and the dummy interface hold and what is desired. */
export interface IpvsChanges {
  readonly servers: readonly ServerChange[]
  /** Without those of servers that go, because a server's destinations go with it. */
  readonly destinations: readonly DestinationChange[]
  readonly addresses: readonly AddressChange[]
  readonly dummy: { readonly name: string; readonly before: boolean; readonly after: boolean }
  /** Undefined if they are as desired. */
  readonly timeouts?: IpvsTimeouts | undefined
}

export interface ServerChange {
  readonly server: ServerId
  readonly before: ServerProperties | undefined
  readonly after: ServerProperties | undefined
}

export interface DestinationChange {
  readonly server: ServerId
  readonly before: RealServer | undefined
  readonly after: RealServer | undefined
}

export interface AddressChange {
  readonly address: Address
  /** True to bind the address, false to unbind it; at present it is the other way round. */
  readonly bound: boolean
}

/**
 * Returns the changes in an order in which every address is served as before or as after at every
 * instant: servers are complete before their address is bound, an address is unbound before its
 * servers go, and what a server gains comes before what it loses.
 */
export function inServingOrder(changes: IpvsChanges): IpvsPlan {
  const { servers, destinations, addresses, dummy, timeouts } = changes
  const goes = dummy.before && !dummy.after
  const binds = addresses.filter(({ bound }) => bound)
  // An interface that goes takes its addresses with it.
  const unbinds = goes ? [] : addresses.filter(({ bound }) => !bound)
  return [
    ...(timeouts === undefined ? [] : [{ kind: 'set-timeouts' as const, timeouts }]),
    ...(dummy.after && !dummy.before ? [{ kind: 'add-dummy' as const, name: dummy.name }] : []),
    ...servers.flatMap(addOrEdit),
    ...inOrderOfWeight(destinations).map(destinationOperation),
    ...binds.map(({ address }) => addressOperation('add-address', dummy.name, address)),
    ...unbinds.map(({ address }) => addressOperation('delete-address', dummy.name, address)),
    ...(goes ? [{ kind: 'delete-dummy' as const, name: dummy.name }] : []),
    ...servers.flatMap(({ server, after }): IpvsOperation[] =>
      after === undefined ? [{ kind: 'delete-server', server }] : [],
    ),
  ]
}

function addOrEdit({ server, before, after }: ServerChange): IpvsOperation[] {
  if (after === undefined) return []
  return [{ kind: before === undefined ? 'add-server' : 'edit-server', server, properties: after }]
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
  if (before === undefined) throw new TypeError('a change from nothing to nothing')
  return { kind: 'delete-destination', server, destination: before }
}

function addressOperation(
  kind: 'add-address' | 'delete-address',
  dummy: string,
  address: Address,
): IpvsOperation {
  return { kind, dummy, address }
}
