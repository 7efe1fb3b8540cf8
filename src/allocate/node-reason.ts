import type { IpFamily, Port, Protocol } from '../model/address.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Taint } from './taints.ts'

/** Why a Service has addresses of Nodes, or why it waits for some. */
export type NodeReason =
  /** It has addresses of these Nodes; the others are barred, each cause once. */
  | {
      readonly kind: 'on-nodes'
      readonly nodes: readonly string[]
      readonly barred: readonly BarredNodes[]
    }
  | { readonly kind: 'no-node'; readonly barred: readonly BarredNodes[] }
  /** There are Nodes for it, but all addresses that count are of other families. */
  | {
      readonly kind: 'no-node-address'
      readonly families: readonly IpFamily[]
      readonly type: 'ExternalIP' | 'InternalIP'
    }
  /** No Node is known, so the status stays as it is. */
  | { readonly kind: 'no-nodes-known' }
  /** It has an address of a pool, and pools that vanish do not put it on Nodes. */
  | { readonly kind: 'pool-address-kept'; readonly pool: string }

/** Nodes whose addresses a Service does not get, all for one cause. */
export interface BarredNodes {
  /** In order of name. */
  readonly nodes: readonly string[]
  readonly bar: NodeBar
}

export type NodeBar =
  /** Some Node has the label enablelb, and this one does not have the value `true`. */
  | { readonly kind: 'not-enabled' }
  /** Its label lbpool differs from that of the Service. */
  | { readonly kind: 'other-lbpool'; readonly lbpool: string }
  | { readonly kind: 'excluded' }
  | { readonly kind: 'not-ready' }
  | { readonly kind: 'tainted'; readonly taint: Taint }
  | { readonly kind: 'no-ready-pod' }
  | {
      readonly kind: 'port-taken'
      readonly protocol: Protocol
      readonly port: Port
      readonly holder: ServiceName
    }
  | { readonly kind: 'wrong-families'; readonly families: readonly IpFamily[] }
  /** Other Nodes have an ExternalIP; then only such addresses count. */
  | { readonly kind: 'internal-only' }
  /** The Service is being deleted and did not have this Node before. */
  | { readonly kind: 'service-leaving' }
