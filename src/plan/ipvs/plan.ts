import { type Address, type Cidr, cidrContains } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import type {
  DestinationKey,
  IpvsRules,
  KernelIpvs,
  RealServer,
  ServerProperties,
  VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import {
  type AddressChange,
  type DestinationChange,
  inServingOrder,
  type ServerChange,
} from './changes.ts'
import type { IpvsPlan } from './operation.ts'
import { isOurs, type RecordedServers } from './ownership.ts'

/** What a plan depends on, beside the current and the desired state. */
interface IpvsPlanOptions {
  /** The servers that nodelb made, by the table as it was read (`recordedServers`). */
  readonly recorded: RecordedServers
  /** Nothing on these addresses is ever removed. */
  readonly excludedRanges: readonly Cidr[]
}

/**
 * Returns the fewest operations from what the kernel holds to what is desired, for servers that
 * are nodelb's; `desired` must not have others (`withoutConflicts`).
 */
export function planIpvs(
  current: KernelIpvs,
  desired: IpvsRules,
  options: IpvsPlanOptions,
): IpvsPlan {
  const excluded = (address: Address): boolean =>
    options.excludedRanges.some((range) => cidrContains(range, address))
  const addresses = addressChanges(current, desired, excluded)
  const kept = [...current.addresses].some(excluded)
  return inServingOrder({
    ...serverChanges(current, desired, options, excluded),
    addresses,
    dummy: {
      name: desired.dummy,
      before: current.dummy,
      after: desired.addresses.size > 0 || kept,
    },
    timeouts: timeoutsToSet(current.timeouts, desired.timeouts),
  })
}

type Excluded = (address: Address) => boolean

function serverChanges(
  current: KernelIpvs,
  desired: IpvsRules,
  { recorded }: IpvsPlanOptions,
  excluded: Excluded,
): { readonly servers: ServerChange[]; readonly destinations: DestinationChange[] } {
  const servers: ServerChange[] = []
  const destinations: DestinationChange[] = []
  for (const [key, wanted] of desired.servers) {
    const found = current.servers.get(key)
    if (found === undefined || !sameProperties(found, wanted)) {
      servers.push(serverChange(wanted, found, wanted))
    }
    destinations.push(...destinationChanges(wanted, found?.destinations, wanted.destinations))
  }
  for (const [key, found] of current.servers) {
    if (desired.servers.has(key) || excluded(found.address)) continue
    if (isOurs(key, found, current, recorded)) servers.push(serverChange(found, found, undefined))
  }
  return { servers, destinations }
}

function serverChange(
  { address, protocol, port }: VirtualServer,
  before: VirtualServer | undefined,
  after: VirtualServer | undefined,
): ServerChange {
  return {
    server: { address, protocol, port },
    before: before && propertiesOf(before),
    after: after && propertiesOf(after),
  }
}

function propertiesOf(server: VirtualServer): ServerProperties {
  const { scheduler, schedulerFlags, persistence } = server
  return { scheduler, schedulerFlags, persistence }
}

function destinationChanges(
  { address, protocol, port }: VirtualServer,
  found: ReadonlyMap<DestinationKey, RealServer> = new Map(),
  wanted: ReadonlyMap<DestinationKey, RealServer>,
): DestinationChange[] {
  const server = { address, protocol, port }
  const changes: DestinationChange[] = []
  for (const [key, after] of wanted) {
    const before = found.get(key)
    if (before === undefined || !sameDestination(before, after)) {
      changes.push({ server, before, after })
    }
  }
  for (const [key, before] of found) {
    if (!wanted.has(key)) changes.push({ server, before, after: undefined })
  }
  return changes
}

/** The kernel itself sets `local` for a destination on the node. */
function sameDestination(found: RealServer, wanted: RealServer): boolean {
  const method = found.method === 'local' ? 'masq' : found.method
  return found.weight === wanted.weight && method === wanted.method
}

function sameProperties(a: ServerProperties, b: ServerProperties): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedulerFlags === b.schedulerFlags &&
    a.persistence === b.persistence
  )
}

function addressChanges(
  current: KernelIpvs,
  desired: IpvsRules,
  excluded: Excluded,
): AddressChange[] {
  return [
    ...[...desired.addresses]
      .filter((address) => !current.addresses.has(address))
      .map((address) => ({ address, bound: true })),
    ...[...current.addresses]
      .filter((address) => !desired.addresses.has(address) && !excluded(address))
      .map((address) => ({ address, bound: false })),
  ]
}

/** Returns the timeouts to set; undefined if all that are wanted hold. Zero wants nothing. */
function timeoutsToSet(
  found: IpvsTimeouts | undefined,
  wanted: IpvsTimeouts | undefined,
): IpvsTimeouts | undefined {
  if (wanted === undefined) return undefined
  const holds = (['tcp', 'tcpFin', 'udp'] as const).every(
    (name) => wanted[name] === 0 || found?.[name] === wanted[name],
  )
  return holds ? undefined : wanted
}
