import type { Address } from '../model/address.ts'
import type { ServiceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'

/** The Services that ask for an address which the API server did not give them, by address. */
export class AddressIndex {
  readonly #askers: Map<Address, Set<ServiceName>> = new Map()

  /** Replaces a Service by its new version; undefined where there is none. */
  replace(
    name: ServiceName,
    before: ServiceObject | undefined,
    after: ServiceObject | undefined,
  ): void {
    for (const address of askedBy(before)) {
      const askers = this.#askers.get(address)
      askers?.delete(name)
      if (askers?.size === 0) this.#askers.delete(address)
    }
    for (const address of askedBy(after)) {
      const askers = this.#askers.get(address)
      if (askers === undefined) this.#askers.set(address, new Set([name]))
      else askers.add(name)
    }
  }

  /** Returns the Services that ask for any of the addresses. */
  askersOf(addresses: Iterable<Address>): ReadonlySet<ServiceName> {
    const found = new Set<ServiceName>()
    for (const address of addresses) {
      for (const name of this.#askers.get(address) ?? []) found.add(name)
    }
    return found
  }
}

function askedBy(service: ServiceObject | undefined): readonly Address[] {
  return service === undefined
    ? []
    : [...service.externalAddresses, ...service.loadBalancerAddresses]
}
