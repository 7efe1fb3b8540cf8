import type { Address, Port } from '../model/address.ts'

/** What becomes of a packet, on one of its ways. */
export type Outcome =
  | {
      readonly kind: 'delivered'
      readonly address: Address
      readonly port: Port
      readonly source: Source
    }
  | { readonly kind: 'dropped'; readonly why: WhyDropped }
  | {
      readonly kind: 'refused'
      readonly with: 'tcp-reset' | 'port-unreachable'
      readonly why: WhyRefused
    }
  /** Not ours: it goes where the routing table says, or kube-proxy's rules. */
  | { readonly kind: 'untouched'; readonly why: WhyUntouched }

/** Whom the endpoint sees. */
export type Source =
  | { readonly kind: 'client'; readonly address: Address; readonly why: WhyKept }
  /** The address is undefined where no route says which. */
  | {
      readonly kind: 'node'
      readonly address: Address | undefined
      readonly why: WhyMasqueraded
    }

export type WhyDropped =
  | 'source-not-listed'
  | 'no-local-endpoints'
  | 'unallocated-address'
  | 'not-known'
export type WhyRefused = 'no-endpoints' | 'undefined-port' | 'no-destination' | 'not-known'
export type WhyUntouched = 'no-service' | 'left-to-kube-proxy'
export type WhyMasqueraded =
  | 'masquerade-all'
  | 'not-from-pods'
  | 'policy-cluster'
  | 'from-this-node'
  | 'hairpin'
  | 'not-known'
export type WhyKept =
  | 'from-pods'
  | 'pods-not-known'
  | 'policy-local'
  | 'endpoint-on-this-node'
  | 'not-asked'

/** What the steps of a way say. */
export interface Reading {
  /** `namespace/name:port kind`, or `namespace/name` where no port of it is meant. */
  readonly service: string | undefined
  /** Of external traffic; undefined for a ClusterIP, whose elements do not say. */
  readonly policy: 'cluster' | 'local' | undefined
  /** Which endpoints: under policy Local all of them for pods and the node. */
  readonly reach: 'all' | 'local' | undefined
  readonly sticky: boolean
  readonly outcome: Outcome
  /** `tcp 80: namespace/name:port kind`: what the address does offer, where this is not offered. */
  readonly besides: readonly string[]
}
