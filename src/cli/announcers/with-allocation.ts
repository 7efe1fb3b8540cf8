import type { Grant } from '../../allocate/allocation.ts'
import { type AllocationObjects, decide } from '../../allocate/decide.ts'
import type { AnnounceObjects } from '../../announce/objects.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'

/** The objects as they would be once Services without an address have one. */
interface Completed {
  readonly objects: AnnounceObjects
  /** What `nodelb allocate` says of the Services without an address. */
  readonly grants: ReadonlyMap<ServiceName, Grant>
}

/**
 * Gives Services without an address what an allocation from pools would give them. Addresses of
 * Nodes are not announced, so without pools nothing is given.
 */
export function withAllocation(
  objects: AnnounceObjects,
  allocation: AllocationObjects,
  settings: AllocationSettings,
): Completed {
  const waiting = new Set(
    objects.services.flatMap(({ name, addresses }) => (addresses.length === 0 ? [name] : [])),
  )
  if (waiting.size === 0) return { objects, grants: new Map() }
  const decision = decide(allocation, settings)
  if (decision.source === 'nodes' || allocation.pools.length === 0) {
    return { objects, grants: new Map() }
  }
  const grants = new Map(
    decision.grants
      .map((grant) => [serviceName(grant), grant] as const)
      .filter(([name]) => waiting.has(name)),
  )
  const services = objects.services.map((service) => {
    const given = grants.get(service.name)?.addresses.map(({ address }) => address)
    return given === undefined ? service : { ...service, addresses: given }
  })
  return { objects: { ...objects, services }, grants }
}
