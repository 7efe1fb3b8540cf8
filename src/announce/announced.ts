import type { Address } from '../model/address.ts'
import type { Station } from './station.ts'

/** The addresses for which this node answers on one interface. */
export interface Announced {
  readonly station: Station
  readonly addresses: ReadonlySet<Address>
}
