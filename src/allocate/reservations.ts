import type { Address } from '../model/address.ts'
import { compareText } from '../model/compare-text.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { CandidateNode } from './nodes-world.ts'
import type { Reservation } from './world.ts'

/** The addresses of a Service, ours or not, that are nobody else's. */
interface ServiceAddresses {
  readonly service: ServiceName
  readonly externalIps: readonly Address[]
  /** The status of a Service of type LoadBalancer to whom others give addresses; else empty. */
  readonly ofOtherClass: readonly Address[]
}

/**
 * Returns the addresses that must not be given, and whose they are. Where several have one, a Node
 * is named before an externalIP, an externalIP before another class, and then the first by name.
 */
export function reservationsOf(
  services: readonly ServiceAddresses[],
  nodes: readonly CandidateNode[],
): ReadonlyMap<Address, Reservation> {
  const reserved = new Map<Address, Reservation>()
  const reserve = (addresses: readonly Address[], reservation: Reservation): void => {
    for (const address of addresses) {
      if (!reserved.has(address)) reserved.set(address, reservation)
    }
  }
  const byName = services.toSorted((a, b) => compareText(a.service, b.service))
  for (const { name, internal, external } of nodes.toSorted((a, b) =>
    compareText(a.name, b.name),
  )) {
    reserve([...internal, ...external], { kind: 'node', node: name })
  }
  for (const { service, externalIps } of byName) {
    reserve(externalIps, { kind: 'external-ip', service })
  }
  for (const { service, ofOtherClass } of byName) {
    reserve(ofOtherClass, { kind: 'other-class', service })
  }
  return reserved
}
