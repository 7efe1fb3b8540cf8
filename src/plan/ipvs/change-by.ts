import { addressChange, type IpvsChange } from '../../ruleset/ipvs/changes.ts'
import { destinationKey, type IpvsContent, serverKey } from '../../ruleset/ipvs/types.ts'
import type { IpvsOperation } from './operation.ts'

/**
 * Returns the change that an operation makes to `content`; undefined if it changes neither server
 * nor destination nor address.
 */
export function changeBy(operation: IpvsOperation, content: IpvsContent): IpvsChange | undefined {
  switch (operation.kind) {
    case 'add-address':
    case 'delete-address': {
      const { kind, address } = operation
      return addressChange(address, content.addresses.has(address), kind === 'add-address')
    }
    case 'add-server':
    case 'edit-server':
    case 'delete-server': {
      const { server } = operation
      const after = operation.kind === 'delete-server' ? undefined : operation.properties
      return { kind: 'server', server, before: content.servers.get(serverKey(server)), after }
    }
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination': {
      const { server, destination } = operation
      const endpoint = destinationKey(destination)
      const before = content.servers.get(serverKey(server))?.destinations.get(endpoint)
      const after = operation.kind === 'delete-destination' ? undefined : destination
      return { kind: 'destination', server, endpoint, before, after }
    }
    default:
      return undefined
  }
}
