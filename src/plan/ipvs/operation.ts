import type { Address } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import type { RealServer, ServerId, ServerProperties } from '../../ruleset/ipvs/types.ts'

/** One change of ipvs or of the dummy interface; each is its own request to the kernel. */
export type IpvsOperation =
  /** The dummy is left down, as in kube-proxy: its addresses are the node's nevertheless. */
  | { readonly kind: 'add-dummy' | 'delete-dummy'; readonly name: string }
  /** The address is a prefix of one; IPv6 is without duplicate address detection. */
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
  /** The destinations of the server go with it. */
  | { readonly kind: 'delete-server'; readonly server: ServerId }
  | {
      readonly kind: 'add-destination' | 'edit-destination' | 'delete-destination'
      readonly server: ServerId
      readonly destination: RealServer
    }
  /** Zero leaves a timeout as it is. */
  | { readonly kind: 'set-timeouts'; readonly timeouts: IpvsTimeouts }

/** Operations in an order that keeps traffic flowing; each takes effect at once. */
export type IpvsPlan = readonly IpvsOperation[]
