import type { Address, Cidr, IpFamily, Port, Protocol } from './address.ts'
import type { Scheduler } from './ipvs.ts'

/** What the Service and EndpointSlice objects of a cluster say, decoded and checked; no node yet. */
export interface Cluster {
  readonly services: readonly ServiceObject[]
  readonly slices: readonly SliceObject[]
}

/** One Service that asks for load balancing (not headless, not ExternalName, not another proxy's). */
export interface ServiceObject {
  readonly namespace: string
  readonly name: string
  /** RFC 3339; decides who owns a contested address. Empty when the object carries none. */
  readonly created: string
  readonly clusterAddresses: readonly Address[]
  readonly externalAddresses: readonly Address[]
  /** Ingress addresses with ipMode VIP (or none); ipMode Proxy is left to the balancer in front. */
  readonly loadBalancerAddresses: readonly Address[]
  readonly sourceRanges: readonly Cidr[]
  /** There where a range cannot be read: only those that are listed may come, in each family. */
  readonly rangesUnread?: true
  readonly internalPolicy: TrafficPolicy
  readonly externalPolicy: TrafficPolicy
  readonly affinity: Affinity
  /** The Service's own choice for ipvs, where it makes one. */
  readonly scheduler?: Scheduler | undefined
  /** Where balancers in front ask whether this node has endpoints (externalTrafficPolicy Local). */
  readonly healthCheckPort: Port | undefined
  readonly ports: readonly ServicePort[]
  /** A field cannot be read, and no version before tells: what the kernel has of it is kept. */
  readonly partial?: true
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

/** Negative: `a` is older. One without a creation time counts as youngest. */
export function compareAge(
  { created: a }: Pick<ServiceObject, 'created'>,
  { created: b }: Pick<ServiceObject, 'created'>,
): number {
  if (a === b) return 0
  if (a === '' || b === '') return a === '' ? 1 : -1
  return a < b ? -1 : 1
}
