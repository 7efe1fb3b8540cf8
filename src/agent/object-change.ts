import type { ServiceName } from '../render/claims.ts'
import type { ReadObject } from '../watch/decode-object.ts'

/** What an event means for what is rendered. */
export type ObjectChange =
  | ReadObject
  | { readonly kind: 'service-gone'; readonly name: ServiceName }
  | {
      readonly kind: 'slice-gone'
      readonly namespace: string
      readonly name: string
      readonly service: ServiceName
    }
