import type { Address } from '../../model/address.ts'
import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { IPVS_SETS } from '../../ruleset/ipvs/elements.ts'
import { destinationKey, serverKey } from '../../ruleset/ipvs/types.ts'
import type { IpvsOperation } from './operation.ts'

/** Names an element of a set. */
export interface ElementId {
  readonly family: TableFamily
  readonly set: string
  readonly key: Tuple
}

/** Returns the element that stands for what an operation changes; undefined if there is none. */
export function elementOf(operation: IpvsOperation): ElementId | undefined {
  switch (operation.kind) {
    case 'add-address':
    case 'delete-address':
      return { ...at(operation.address), set: IPVS_SETS.addresses, key: tuple(operation.address) }
    case 'add-server':
    case 'edit-server':
    case 'delete-server': {
      const { server } = operation
      return { ...at(server.address), set: IPVS_SETS.servers, key: serverKey(server) }
    }
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination': {
      const { server, destination } = operation
      const key = tuple(serverKey(server), destinationKey(destination))
      return { ...at(server.address), set: IPVS_SETS.destinations, key }
    }
    default:
      return undefined
  }
}

function at(address: Address): Pick<ElementId, 'family'> {
  return { family: tableOfAddress(address) }
}
