import type { Address, IpFamily } from '../model/address.ts'
import type { ServicePort, SliceObject } from '../model/service.ts'
import type { Candidate } from './choose-endpoints.ts'

/**
 * Returns the endpoints that slices of this family offer for the port, by name and protocol; only
 * those at some addresses, if these are given.
 */
export function candidatesOf(
  slices: Iterable<SliceObject>,
  port: ServicePort,
  family: IpFamily,
  among?: ReadonlySet<Address>,
): readonly Candidate[] {
  const found: Candidate[] = []
  for (const slice of slices) {
    if (slice.family !== family) continue
    for (const offered of slice.ports) {
      if (offered.name !== port.name || offered.protocol !== port.protocol) continue
      for (const endpoint of slice.endpoints) {
        if (among === undefined || among.has(endpoint.address)) {
          found.push({ endpoint, port: offered.port })
        }
      }
    }
  }
  return found
}
