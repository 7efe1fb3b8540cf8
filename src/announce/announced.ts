import type { Address } from '../model/address.ts'
import type { Spot } from './spot.ts'
import type { Station } from './station.ts'

/** The addresses for which this node answers on one interface. */
export interface Announced {
  readonly station: Station
  readonly addresses: ReadonlySet<Address>
}

/** Returns the addresses of these spots on each interface, and none for an interface without a spot. */
export function spotsByLink(
  spots: Iterable<Spot>,
  links: readonly Station[],
): readonly Announced[] {
  const found = new Map(
    links.map(({ name, index, mac }) => {
      return [name, { station: { name, index, mac }, addresses: new Set<Address>() }]
    }),
  )
  for (const { address, interface: name } of spots) found.get(name)?.addresses.add(address)
  return [...found.values()]
}
