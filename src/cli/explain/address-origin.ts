import { decide } from '../../allocate/decide.ts'
import { printReason } from '../../allocate/print-reason.ts'
import type { Address } from '../../model/address.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import type { AddressOrigin, Cluster, ServiceObject } from '../../model/service.ts'
import { serviceName } from '../../model/service-name.ts'
import type { AnnouncingInput } from '../../watch/files/read-announcing.ts'

/** The objects from which addresses are given, and how. */
interface Allocating {
  readonly objects: AnnouncingInput['allocation']
  readonly settings: AllocationSettings
}

/**
 * Returns where a load-balancer address comes from: by the pools among the files, else as the
 * Service itself says it. Undefined for other addresses, and if neither says anything.
 */
export function addressOriginAt(
  address: Address,
  { services }: Cluster,
  allocating: Allocating,
): AddressOrigin | undefined {
  const service = services.find((each) => each.loadBalancerAddresses.includes(address))
  if (service === undefined) return undefined
  return byPools(service, address, allocating) ?? service.addressOrigin
}

function byPools(
  service: ServiceObject,
  wanted: Address,
  { objects, settings }: Allocating,
): AddressOrigin | undefined {
  if (objects.pools.length === 0) return undefined
  const grants = decide(objects, settings).grants
  const grant = grants.find((each) => serviceName(each) === serviceName(service))
  const pool = grant?.addresses.find(({ address }) => address === wanted)?.pool
  if (grant === undefined || pool === undefined) return undefined
  return { pool, reason: printReason(grant.reason) }
}
