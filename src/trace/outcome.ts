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
  /** Not nodelb's: it goes where the routing table or kube-proxy's rules lead. */
  | { readonly kind: 'untouched'; readonly why: WhyUntouched }

/** The source that the endpoint sees. */
export type Source =
  | { readonly kind: 'client'; readonly address: Address; readonly why: WhyKept }
  /** The address is undefined if no route says which. */
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

/** What the steps of a way mean. */
export interface Reading {
  /** `namespace/name:port kind`, or `namespace/name` if none of its ports is meant. */
  readonly service: string | undefined
  /** The policy for external traffic; undefined for a ClusterIP, whose elements do not say it. */
  readonly policy: 'cluster' | 'local' | undefined
  /** Which endpoints were used; under policy Local, pods and the node use all of them. */
  readonly reach: 'cluster' | 'local' | undefined
  readonly sticky: boolean
  readonly outcome: Outcome
  /** `tcp 80: namespace/name:port kind` for each port that the address offers, if not this one. */
  readonly besides: readonly string[]
}
