import type { AddressChange, NodeView } from '../model/node.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { ReadObjects } from './resources.ts'

/** What an event means for what is rendered. */
export type ObjectChange =
  | ReadObjects['services']
  | ReadObjects['endpointslices']
  /** Our Node, where it is not as it was. */
  | { readonly kind: 'node'; readonly node: NodeView }
  /** Once our Node is known. */
  | ({ readonly kind: 'other-nodes' } & AddressChange)
  | { readonly kind: 'service-gone'; readonly name: ServiceName }
  | {
      readonly kind: 'slice-gone'
      readonly namespace: string
      readonly name: string
      readonly service: ServiceName
    }
