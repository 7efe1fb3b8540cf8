import { decide } from '../../allocate/decide.ts'
import { printReason } from '../../allocate/print-reason.ts'
import type { Address } from '../../model/address.ts'
import type { AddressOrigin, Cluster, ServiceObject } from '../../model/service.ts'
import { serviceName } from '../../model/service-name.ts'
import { readAllocationObjects } from '../../watch/files/read-allocation.ts'
import type { Sources } from '../arguments.ts'
import { loadConfig } from '../load.ts'

/**
 * Returns where a load-balancer address comes from: by the pools among the files, else as the
 * Service itself says it. Undefined for other addresses, and if neither says anything.
 */
export function addressOriginAt(
  address: Address,
  { services }: Cluster,
  sources: Sources,
): AddressOrigin | undefined {
  const service = services.find((each) => each.loadBalancerAddresses.includes(address))
  if (service === undefined) return undefined
  return byPools(service, address, sources) ?? service.addressOrigin
}

function byPools(
  service: ServiceObject,
  wanted: Address,
  { files, config }: Sources,
): AddressOrigin | undefined {
  // Standard input was read before and cannot be read again.
  if (files.includes('-')) return undefined
  const settings = loadConfig(config).config?.allocation
  if (settings === undefined) return undefined
  const { objects } = readAllocationObjects(files, () => '', settings)
  if (objects.pools.length === 0) return undefined
  const grants = decide(objects, settings).grants
  const grant = grants.find((each) => serviceName(each) === serviceName(service))
  const pool = grant?.addresses.find(({ address }) => address === wanted)?.pool
  if (grant === undefined || pool === undefined) return undefined
  return { pool, reason: printReason(grant.reason) }
}
