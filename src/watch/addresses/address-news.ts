import type { Address } from '../../model/address.ts'
import type { ServiceName } from '../../model/service-name.ts'

/** What is reported when the addresses of a folder's Services are given. */
export type AddressNews =
  | {
      readonly event: 'addresses-changed'
      readonly service: ServiceName
      readonly before: readonly Address[]
      readonly addresses: readonly Address[]
      readonly reason: string
    }
  /** All problems of one object, `Service/shop/web` or `IPAddressPool/production`. */
  | {
      readonly event: 'allocation-problem'
      readonly object: string
      readonly problems: readonly string[]
    }
  | { readonly event: 'allocation-in-order'; readonly object: string }
  | { readonly event: 'addresses-not-saved'; readonly folder: string; readonly reason: string }
  | { readonly event: 'addresses-saved'; readonly folder: string }
  | { readonly event: 'addresses-not-read'; readonly file: string; readonly reason: string }
  | { readonly event: 'bug'; readonly reason: string }

export type TellAddresses = (news: AddressNews) => void
