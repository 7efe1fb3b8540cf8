import type { Address } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import type { RealServer, ServerId, ServerProperties } from '../../ruleset/ipvs/types.ts'

/** One change of ipvs or of the dummy interface; each is a request of its own to the kernel. */
export type IpvsOperation =
  /** A dummy interface; left down, as kube-proxy does: its addresses are the node's all the same. */
  | { readonly kind: 'add-dummy' | 'delete-dummy'; readonly name: string }
  /** As a prefix of one; IPv6 without duplicate address detection. */
  | {
      readonly kind: 'add-address' | 'delete-address'
      readonly dummy: string
      readonly address: Address
    }
  | {
      readonly kind: 'add-server' | 'edit-server'
      readonly server: ServerId
      readonly properties: ServerProperties
    }
  /** Its destinations go with it. */
  | { readonly kind: 'delete-server'; readonly server: ServerId }
  | {
      readonly kind: 'add-destination' | 'edit-destination' | 'delete-destination'
      readonly server: ServerId
      readonly destination: RealServer
    }
  /** Zero leaves one as it is. */
  | { readonly kind: 'set-timeouts'; readonly timeouts: IpvsTimeouts }

/** In the order that keeps traffic flowing; each takes effect at once. */
export type IpvsPlan = readonly IpvsOperation[]
