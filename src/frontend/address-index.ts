import type { Address } from '../model/address.ts'
import type { ServiceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import { Watchers } from './watchers.ts'

/** The Services that ask for an address which the API server did not give them, by address. */
export class AddressIndex {
  readonly #askers: Watchers<Address> = new Watchers()

  /** Replaces a Service by its new version; undefined where there is none. */
  replace(
    name: ServiceName,
    before: ServiceObject | undefined,
    after: ServiceObject | undefined,
  ): void {
    this.#askers.replace(name, askedBy(before), askedBy(after))
  }

  /** Returns the Services that ask for any of the addresses. */
  askersOf(addresses: Iterable<Address>): ReadonlySet<ServiceName> {
    const found = new Set<ServiceName>()
    for (const address of addresses) {
      for (const name of this.#askers.of(address)) found.add(name)
    }
    return found
  }
}

function askedBy(service: ServiceObject | undefined): readonly Address[] {
  return service === undefined
    ? []
    : [...service.externalAddresses, ...service.loadBalancerAddresses]
}
