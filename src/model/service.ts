import type { Address, Cidr, IpFamily, Port, Protocol } from './address.ts'
import type { Scheduler } from './ipvs.ts'

/** The Service and EndpointSlice objects of a cluster, decoded and checked, without any node. */
export interface Cluster {
  readonly services: readonly ServiceObject[]
  readonly slices: readonly SliceObject[]
}

/** A Service that asks for load balancing (not headless, ExternalName or another proxy's). */
export interface ServiceObject {
  readonly namespace: string
  readonly name: string
  /** RFC 3339; decides who gets a contested address. Empty if the object has none. */
  readonly created: string
  readonly clusterAddresses: readonly Address[]
  readonly externalAddresses: readonly Address[]
  /** Ingress addresses with ipMode VIP or none; ipMode Proxy is left to the balancer in front. */
  readonly loadBalancerAddresses: readonly Address[]
  /** Where these come from, as far as the object says it. */
  readonly addressOrigin?: AddressOrigin
  readonly sourceRanges: readonly Cidr[]
  /** True if a range cannot be read: then only listed ranges may connect, in each family. */
  readonly rangesUnread?: true
  readonly internalPolicy: TrafficPolicy
  readonly externalPolicy: TrafficPolicy
  readonly affinity: Affinity
  /** The Service's own scheduler for ipvs, if it names one. */
  readonly scheduler?: Scheduler | undefined
  /** Where balancers ask whether this node has endpoints (externalTrafficPolicy Local). */
  readonly healthCheckPort: Port | undefined
  readonly ports: readonly ServicePort[]
  /**
   * True if a field cannot be read and no earlier version is known: the kernel keeps what it has.
   */
  readonly partial?: true
  /** True if connections to it are not counted, where those to others are. */
  readonly unmetered?: true
}

/** Where load-balancer addresses come from. */
export interface AddressOrigin {
  /** The pool that gave them; missing for addresses of Nodes and for those of other programs. */
  readonly pool?: string
  /** The sentence of the controller that gave them. */
  readonly reason?: string
}

export interface ServicePort {
  /** Empty for a Service with a single unnamed port. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: Port
  readonly nodePort: Port | undefined
}

export type TrafficPolicy = 'cluster' | 'local'

export type Affinity =
  | { readonly kind: 'none' }
  | { readonly kind: 'client-ip'; readonly seconds: number }

/** One EndpointSlice (discovery.k8s.io/v1) of addressType IPv4 or IPv6. */
export interface SliceObject {
  readonly namespace: string
  readonly name: string
  /** The label kubernetes.io/service-name. */
  readonly service: string
  readonly family: IpFamily
  readonly ports: readonly SlicePort[]
  readonly endpoints: readonly SliceEndpoint[]
}

/** Matches a ServicePort by name and protocol. */
export interface SlicePort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: Port
}

export interface SliceEndpoint {
  readonly address: Address
  readonly nodeName: string | undefined
  /** conditions.ready; absent means true. */
  readonly ready: boolean
  /** conditions.serving; absent means the same as ready. */
  readonly serving: boolean
  readonly terminating: boolean
  /** hints.forZones[].name; undefined when the endpoint has no such hint. */
  readonly zones: readonly string[] | undefined
  /** hints.forNodes[].name; undefined when the endpoint has no such hint. */
  readonly nodes: readonly string[] | undefined
}

/** Returns a negative number if `a` is older; one without a creation time is the youngest. */
export function compareAge(
  { created: a }: Pick<ServiceObject, 'created'>,
  { created: b }: Pick<ServiceObject, 'created'>,
): number {
  if (a === b) return 0
  if (a === '' || b === '') return a === '' ? 1 : -1
  return a < b ? -1 : 1
}
