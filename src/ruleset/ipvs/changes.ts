import type { Address } from '../../model/address.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { unreachable } from '../../model/unreachable.ts'
import {
  type DestinationKey,
  type ForwardingMethod,
  type IpvsContent,
  type RealServer,
  type ServerId,
  type ServerProperties,
  serverKey,
  type VirtualServer,
} from './types.ts'

/** A virtual server with the label of its Service port, which the kernel has no room for. */
export interface LabelledServer {
  readonly server: VirtualServer
  readonly label?: string
}

/** The properties of a virtual server, with its label. */
interface LabelledProperties extends ServerProperties {
  readonly label?: string
}

/** A virtual server comes, goes, or is another in its properties. */
export interface ServerChange {
  readonly kind: 'server'
  readonly server: ServerId
  readonly before: LabelledProperties | undefined
  readonly after: LabelledProperties | undefined
}

/** A destination of a virtual server comes, goes, or has another weight. */
export interface DestinationChange {
  readonly kind: 'destination'
  readonly server: ServerId
  readonly endpoint: DestinationKey
  readonly before: RealServer | undefined
  readonly after: RealServer | undefined
}

/** The dummy interface gets an address, or loses it. */
export interface AddressChange {
  readonly kind: 'address'
  readonly address: Address
  readonly before: boolean
  readonly after: boolean
}

/** The least that changes by itself: one operation of the kernel makes it. */
export type IpvsChange = ServerChange | DestinationChange | AddressChange

/** Returns the label of the server after a change, or else before it; undefined if it has none. */
export function labelIn(change: IpvsChange): string | undefined {
  return change.kind === 'server' ? (change.after?.label ?? change.before?.label) : undefined
}

/** Returns a text that identifies what changes, among all servers, destinations and addresses. */
export function changeId(change: IpvsChange): Tuple {
  switch (change.kind) {
    case 'server':
      return serverKey(change.server)
    case 'destination':
      return tuple(serverKey(change.server), change.endpoint)
    case 'address':
      return tuple(change.address)
    default:
      return unreachable(change)
  }
}

/** Returns whether before and after are the same, so that there is nothing to do. */
export function changesNothing(change: IpvsChange): boolean {
  switch (change.kind) {
    case 'server':
      return alike(change, (a, b) => sameProperties(a, b) && a.label === b.label)
    case 'destination':
      return alike(change, sameDestination)
    case 'address':
      return change.before === change.after
    default:
      return unreachable(change)
  }
}

function alike<Value>(
  { before, after }: { readonly before: Value | undefined; readonly after: Value | undefined },
  same: (a: Value, b: Value) => boolean,
): boolean {
  if (before === undefined || after === undefined) return before === after
  return same(before, after)
}

/** Returns whether the kernel sees no difference between two servers, destinations aside. */
export function sameProperties(a: ServerProperties, b: ServerProperties): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedulerFlags === b.schedulerFlags &&
    a.persistence === b.persistence
  )
}

function sameDestination(a: RealServer, b: RealServer): boolean {
  return a.weight === b.weight && askedMethod(a) === askedMethod(b)
}

/** The kernel itself turns `masq` into `local` for a destination on the node. */
function askedMethod({ method }: RealServer): ForwardingMethod {
  return method === 'local' ? 'masq' : method
}

/** Returns what changes from one state of a virtual server to another; undefined is its absence. */
export function serverChanges(
  before: LabelledServer | undefined,
  after: LabelledServer | undefined,
): readonly IpvsChange[] {
  const some = after ?? before
  if (some === undefined) return []
  const { address, protocol, port } = some.server
  const server: ServerId = { address, protocol, port }
  const whole: ServerChange = {
    kind: 'server',
    server,
    before: before && propertiesOf(before),
    after: after && propertiesOf(after),
  }
  const found = before?.server.destinations ?? NONE
  const wanted = after?.server.destinations ?? NONE
  const part = (endpoint: DestinationKey): DestinationChange => ({
    kind: 'destination',
    server,
    endpoint,
    before: found.get(endpoint),
    after: wanted.get(endpoint),
  })
  const come = [...wanted].filter(([endpoint, is]) => !isSame(found.get(endpoint), is))
  const gone = [...found].filter(([endpoint]) => !wanted.has(endpoint))
  const parts = [...come, ...gone].map(([endpoint]) => part(endpoint))
  return changesNothing(whole) ? parts : [whole, ...parts]
}

function isSame(a: RealServer | undefined, b: RealServer): boolean {
  return a !== undefined && sameDestination(a, b)
}

const NONE: VirtualServer['destinations'] = new Map()

function propertiesOf({ server, label }: LabelledServer): LabelledProperties {
  const { scheduler, schedulerFlags, persistence } = server
  return { scheduler, schedulerFlags, persistence, ...(label !== undefined && { label }) }
}

/** Returns the change of an address that was or was not bound, and then is or is not. */
export function addressChange(address: Address, before: boolean, after: boolean): AddressChange {
  return { kind: 'address', address, before, after }
}

/** Returns what there is in `content` of that which changes, as `before` and `after` give it. */
export function foundIn(content: IpvsContent, change: IpvsChange): IpvsChange['before'] {
  if (change.kind === 'address') return content.addresses.has(change.address)
  const server = content.servers.get(serverKey(change.server))
  if (change.kind === 'destination') return server?.destinations.get(change.endpoint)
  return server && propertiesOf({ server })
}

/** Changes, each kind by itself. */
interface ChangesByKind {
  readonly servers: readonly ServerChange[]
  readonly destinations: readonly DestinationChange[]
  readonly addresses: readonly AddressChange[]
}

/** Returns the changes of each kind, in the order in which they are given. */
export function byKind(changes: Iterable<IpvsChange>): ChangesByKind {
  const servers: ServerChange[] = []
  const destinations: DestinationChange[] = []
  const addresses: AddressChange[] = []
  for (const change of changes) {
    if (change.kind === 'server') servers.push(change)
    else if (change.kind === 'destination') destinations.push(change)
    else addresses.push(change)
  }
  return { servers, destinations, addresses }
}
