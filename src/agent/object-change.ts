import type { AddressChange } from '../model/node.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { ReadObject } from '../watch/decode-object.ts'

/** What an event means for what is rendered. */
export type ObjectChange =
  | ReadObject
  /** Once our Node is known. */
  | ({ readonly kind: 'other-nodes' } & AddressChange)
  | { readonly kind: 'service-gone'; readonly name: ServiceName }
  | {
      readonly kind: 'slice-gone'
      readonly namespace: string
      readonly name: string
      readonly service: ServiceName
    }
