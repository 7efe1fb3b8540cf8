import { type Address, type Cidr, familyOf, type IpFamily } from './address.ts'
import type { Backend, IptablesBackend } from './backend.ts'

/** What rendering has to know of this node; what the operator chose is in `Settings`. */
export interface NodeView {
  readonly name: string
  /** The label topology.kubernetes.io/zone. */
  readonly zone: string | undefined
  /**
   * InternalIP addresses, or ExternalIP if there are none; the first of each family is "primary".
   */
  readonly addresses: readonly Address[]
  readonly podCidrs: readonly Cidr[]
  /** The families that have ExternalIP addresses and no InternalIP. */
  readonly externalOnly?: readonly IpFamily[]
  /** ExternalIP addresses beside `addresses`; they are the node's own too, but none is primary. */
  readonly furtherAddresses?: readonly Address[]
  /** The addresses of the interfaces, if known: ipvs needs each address of a NodePort. */
  readonly localAddresses?: readonly Address[]
  /** Addresses of other Nodes, if known: the ipvs backend must not bind them. */
  readonly otherNodes?: ReadonlySet<Address>
}

/** The addresses that other Nodes have gained and lost. */
export interface AddressChange {
  readonly come: readonly Address[]
  readonly gone: readonly Address[]
}

/** Returns all addresses that the Node object names. */
export function namedAddresses({ addresses, furtherAddresses = [] }: NodeView): readonly Address[] {
  return [...addresses, ...furtherAddresses]
}

/** Returns the first address of each family. */
export function primaryAddresses({ addresses }: NodeView): readonly Address[] {
  return (['ipv4', 'ipv6'] as const).flatMap(
    (family) => addresses.find((address) => familyOf(address) === family) ?? [],
  )
}

/** What nodelb serves: load-balancer and external addresses beside kube-proxy, or everything. */
export type Scope = 'load-balancer' | 'all'

/** How traffic of pods, of this node or the whole cluster, is recognised. */
export type LocalTraffic =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'ranges'
      readonly ranges: readonly Cidr[]
      /**
       * True if they are the podCIDRs of the Node, which may be missing for a while
       * (render/nftables/recall.ts).
       */
      readonly ofNode?: true
    }
  | { readonly kind: 'interface'; readonly name: string }
  | { readonly kind: 'interface-prefix'; readonly prefix: string }

export type NodePortAddresses =
  | { readonly kind: 'primary' }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'ranges'
      readonly ranges: readonly Cidr[]
      /** The families in which all addresses of the node are served, with none of the ranges. */
      readonly wholeFamilies: readonly IpFamily[]
      /** True if the primary addresses of the Node are among the ranges. */
      readonly primary?: true
    }

/** Returns the choice as it applies to one family. */
export function nodePortAddressesIn(
  chosen: NodePortAddresses,
  family: IpFamily,
): NodePortAddresses {
  return chosen.kind === 'ranges' && chosen.wholeFamilies.includes(family)
    ? { kind: 'all' }
    : chosen
}

export interface ExternalIpRules {
  /** The ranges that must contain an address; undefined if any address is allowed. */
  readonly allow: readonly Cidr[] | undefined
  /** True if the node's own addresses are allowed. */
  readonly nodeAddresses: boolean
}

export interface Settings {
  readonly scope: Scope
  /** Where a VIP leads: to pods, or to the ClusterIP if the CNI balances ClusterIPs itself. */
  readonly target: 'pods' | 'cluster-ip'
  readonly localTraffic: LocalTraffic
  readonly nodePortAddresses: NodePortAddresses
  readonly masqueradeAll: boolean
  /** The mark bit of packets to masquerade, 0 to 31. kube-proxy's default is 14 (0x4000). */
  readonly masqueradeBit: number
  /** Ranges in which only ClusterIPs are served; with scope all, the rest of them is dropped. */
  readonly serviceRanges: readonly Cidr[]
  /** Clients that a Service with session affinity has room for; undefined for AFFINITY_CLIENTS. */
  readonly affinityClients?: number | undefined
  /** True if new connections are counted for each Service; iptables and ipvs count them anyway. */
  readonly meterServices?: boolean | undefined
  /** Missing if externalIPs may be any address. */
  readonly externalIps?: ExternalIpRules | undefined
  /** Ports of this node's addresses that no load-balancer or external address leads away from. */
  readonly protectedPorts?: readonly number[] | undefined
  readonly backend: Backend
  /** Takes the backend's place if the kernel cannot do what nodelb needs of nftables. */
  readonly fallback?: IptablesBackend | undefined
}

/** A node and what the operator chose for it. */
export interface Situation {
  readonly node: NodeView
  readonly settings: Settings
}
