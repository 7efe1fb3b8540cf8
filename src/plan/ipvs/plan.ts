import { type Address, type Cidr, cidrContains } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import { addressChange, type IpvsChange, serverChanges } from '../../ruleset/ipvs/changes.ts'
import type { IpvsRules, KernelIpvs } from '../../ruleset/ipvs/types.ts'
import { planIpvsDelta } from './delta.ts'
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
  const kept = [...current.addresses].some(excluded)
  const dummy = {
    name: desired.dummy,
    before: current.dummy,
    after: desired.addresses.size > 0 || kept,
  }
  const changes = [
    ...changesOfServers(current, desired, options, excluded),
    ...changesOfAddresses(current, desired, excluded),
  ]
  return planIpvsDelta(changes, dummy, timeoutsToSet(current.timeouts, desired.timeouts))
}

type Excluded = (address: Address) => boolean

function changesOfServers(
  current: KernelIpvs,
  desired: IpvsRules,
  { recorded }: IpvsPlanOptions,
  excluded: Excluded,
): readonly IpvsChange[] {
  const going = [...current.servers].filter(
    ([key, found]) =>
      !desired.servers.has(key) &&
      !excluded(found.address) &&
      isOurs(key, found, current, recorded),
  )
  return [
    ...[...desired.servers].flatMap(([key, wanted]) => {
      const found = current.servers.get(key)
      return serverChanges(found && { server: found }, { server: wanted })
    }),
    ...going.flatMap(([, server]) => serverChanges({ server }, undefined)),
  ]
}

function changesOfAddresses(
  current: KernelIpvs,
  desired: IpvsRules,
  excluded: Excluded,
): readonly IpvsChange[] {
  return [
    ...[...desired.addresses]
      .filter((address) => !current.addresses.has(address))
      .map((address) => addressChange(address, false, true)),
    ...[...current.addresses]
      .filter((address) => !desired.addresses.has(address) && !excluded(address))
      .map((address) => addressChange(address, true, false)),
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
