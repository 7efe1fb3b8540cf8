import type { Address } from '../model/address.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { WantedStatus } from './status-patch.ts'

/** Returns the addresses that the status of a Service has now. */
type AddressesOf = (service: ServiceName) => readonly Address[]

/**
 * Returns the statuses that may be written now, so that no two Services have an address at the same
 * time unless both keep it. A Service that is given an address waits until the one that has it has let
 * it go; the write that does so brings the next round. Of Services that wait for each other in a circle,
 * one lets go first and has no address for a moment. Addresses of Nodes are nobody's, so none waits.
 */
export function withoutOverlap(
  wanted: ReadonlyMap<ServiceName, WantedStatus>,
  addressesOf: AddressesOf,
): ReadonlyMap<ServiceName, WantedStatus> {
  const leavers = leaversOf(wanted, addressesOf)
  if (leavers.size === 0) return wanted
  const waitsFor = new Map<ServiceName, ServiceName>()
  for (const [service, { pool, addresses }] of wanted) {
    const has = new Set(addressesOf(service))
    const taken = addresses.find((each) => leavers.has(each) && !has.has(each))
    const leaver = taken && leavers.get(taken)
    if (pool !== undefined && leaver !== undefined) waitsFor.set(service, leaver)
  }
  const first = new Set(oneOfEachCircle(waitsFor))
  const now = new Map<ServiceName, WantedStatus>()
  for (const [service, to] of wanted) {
    if (first.has(service)) now.set(service, lettingGo(to, addressesOf(service)))
    else if (!waitsFor.has(service)) now.set(service, to)
  }
  return now
}

/** Returns who is to let go of an address, by address. */
function leaversOf(
  wanted: ReadonlyMap<ServiceName, WantedStatus>,
  addressesOf: AddressesOf,
): ReadonlyMap<Address, ServiceName> {
  const leavers = new Map<Address, ServiceName>()
  for (const [service, { addresses }] of wanted) {
    const stays = new Set(addresses)
    for (const address of addressesOf(service)) {
      if (!stays.has(address)) leavers.set(address, service)
    }
  }
  return leavers
}

/** Follows each Service to the one that it waits for, until one comes again. */
function oneOfEachCircle(waitsFor: ReadonlyMap<ServiceName, ServiceName>): readonly ServiceName[] {
  const seen = new Set<ServiceName>()
  return [...waitsFor.keys()].flatMap((start) => {
    const path = new Set<ServiceName>()
    let at: ServiceName | undefined = start
    while (at !== undefined && !seen.has(at)) {
      seen.add(at)
      path.add(at)
      at = waitsFor.get(at)
    }
    return at !== undefined && path.has(at) ? [at] : []
  })
}

function lettingGo(to: WantedStatus, has: readonly Address[]): WantedStatus {
  const kept = new Set(has)
  const addresses = to.addresses.filter((each) => kept.has(each))
  return {
    ...to,
    addresses,
    pool: addresses.length > 0 ? to.pool : undefined,
    // The request for another address is met by the write that gives one.
    renewed: undefined,
    reason: 'Exchanging',
    message: 'It exchanges addresses with another Service, and is given its new one at once.',
  }
}
