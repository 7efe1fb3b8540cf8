import { type Address, type Cidr, familyOf, type IpFamily } from './address.ts'
import type { Backend, IptablesBackend } from './backend.ts'

/** What this node is, and what the operator chose: everything rendering depends on beside the cluster. */
export interface NodeView {
  readonly name: string
  /** The label topology.kubernetes.io/zone. */
  readonly zone: string | undefined
  /** InternalIP addresses (then ExternalIP where there are none); the first of each family is "primary". */
  readonly addresses: readonly Address[]
  readonly podCidrs: readonly Cidr[]
  /** The families that have ExternalIP addresses and no InternalIP. */
  readonly externalOnly?: readonly IpFamily[]
  /** ExternalIP addresses beside `addresses`; the node's own too, but none of them is primary. */
  readonly furtherAddresses?: readonly Address[]
  /** What the interfaces carry, where that is known: ipvs wants each address of a NodePort by name. */
  readonly localAddresses?: readonly Address[]
  /** Addresses of other Nodes, where they are known: the ipvs backend must not take them. */
  readonly otherNodes?: ReadonlySet<Address>
}

/** Which addresses other Nodes have now that none had before, and the reverse. */
export interface AddressChange {
  readonly come: readonly Address[]
  readonly gone: readonly Address[]
}

/** All that the Node object names. */
export function namedAddresses({ addresses, furtherAddresses = [] }: NodeView): readonly Address[] {
  return [...addresses, ...furtherAddresses]
}

/** The first address of each family. */
export function primaryAddresses({ addresses }: NodeView): readonly Address[] {
  return (['ipv4', 'ipv6'] as const).flatMap(
    (family) => addresses.find((address) => familyOf(address) === family) ?? [],
  )
}

/** Which translation this table does: LB and external addresses beside kube-proxy, or everything. */
export type Scope = 'load-balancer' | 'all'

/** How traffic of this node's or the cluster's pods is told from the rest. */
export type LocalTraffic =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'ranges'
      readonly ranges: readonly Cidr[]
      /** They are the podCIDRs of the Node, which may say nothing for a while (render/nftables/recall.ts). */
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
      /** Families that are served on all their addresses, with none of the ranges. */
      readonly wholeFamilies: readonly IpFamily[]
      /** The primary addresses of the Node are among the ranges. */
      readonly primary?: true
    }

/** What the choice comes to in one family. */
export function nodePortAddressesIn(
  chosen: NodePortAddresses,
  family: IpFamily,
): NodePortAddresses {
  return chosen.kind === 'ranges' && chosen.wholeFamilies.includes(family)
    ? { kind: 'all' }
    : chosen
}

export interface ExternalIpRules {
  /** The ranges in which an address has to be; undefined: it may be any. */
  readonly allow: readonly Cidr[] | undefined
  /** Whether the node's own addresses may be among them. */
  readonly nodeAddresses: boolean
}

export interface Settings {
  readonly scope: Scope
  /** Where a VIP leads: to pods, or to the ClusterIP where the CNI balances ClusterIPs itself. */
  readonly target: 'pods' | 'cluster-ip'
  readonly localTraffic: LocalTraffic
  readonly nodePortAddresses: NodePortAddresses
  readonly masqueradeAll: boolean
  /** The mark bit of packets to masquerade, 0 to 31. kube-proxy's default is 14 (0x4000). */
  readonly masqueradeBit: number
  /** Service ranges, in which only ClusterIPs are served; with scope all the rest of them is dropped. */
  readonly serviceRanges: readonly Cidr[]
  /** How many clients a Service with session affinity has room for; undefined: AFFINITY_CLIENTS. */
  readonly affinityClients?: number | undefined
  /** Missing: externalIPs may be any address. */
  readonly externalIps?: ExternalIpRules | undefined
  /** No load-balancer or external address leads away from these ports of this node's addresses. */
  readonly protectedPorts?: readonly number[] | undefined
  readonly backend: Backend
  /** Takes the backend's place where the kernel cannot do what nodelb needs of nftables. */
  readonly fallback?: IptablesBackend | undefined
}
