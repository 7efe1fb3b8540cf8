import type { AddressChange, NodeView } from '../model/node.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { ReadObjects } from './resources.ts'

/** What an event changes in the input of the renderer. */
export type ObjectChange =
  | ReadObjects['services']
  | ReadObjects['endpointslices']
  /** Our Node has changed. */
  | { readonly kind: 'node'; readonly node: NodeView }
  /** Addresses of other Nodes have changed; sent only once our own Node is known. */
  | ({ readonly kind: 'other-nodes' } & AddressChange)
  | { readonly kind: 'service-gone'; readonly name: ServiceName }
  | {
      readonly kind: 'slice-gone'
      readonly namespace: string
      readonly name: string
      readonly service: ServiceName
    }

/** Returns the Service that a change is about; undefined if it is about Nodes. */
export function serviceOf(change: ObjectChange): ServiceName | undefined {
  switch (change.kind) {
    case 'service':
      return `${change.service.namespace}/${change.service.name}`
    case 'service-gone':
      return change.name
    case 'slice':
      return `${change.slice.namespace}/${change.slice.service}`
    case 'slice-gone':
      return change.service
    case 'node':
    case 'other-nodes':
      return undefined
  }
}
