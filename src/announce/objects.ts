import type { Pool } from '../allocate/world.ts'
import type { Address } from '../model/address.ts'
import type { LabelSelector, Labels } from '../model/label-selector.ts'
import type { ServiceName } from '../model/service-name.ts'

/** What was read of the objects on which announcing depends; their order has no meaning. */
export interface AnnounceObjects {
  readonly services: readonly AnnouncedService[]
  readonly endpoints: readonly ServingEndpoints[]
  readonly nodes: readonly AnnouncerNode[]
  readonly pools: readonly LabelledPool[]
  readonly advertisements: readonly Advertisement[]
}

/** A Service of type LoadBalancer. */
export interface AnnouncedService {
  readonly name: ServiceName
  readonly labels: Labels
  /** spec.loadBalancerClass; undefined if there is none. */
  readonly class: string | undefined
  /** The addresses of the status, in its order, each once. */
  readonly addresses: readonly Address[]
  /** True for externalTrafficPolicy Local: only Nodes with an endpoint can serve it. */
  readonly local: boolean
  /** True if it has the annotation allow-shared-ip. */
  readonly shares: boolean
}

/** The endpoints of one EndpointSlice that can serve: they are ready, or serving while they end. */
export interface ServingEndpoints {
  readonly service: ServiceName
  /** True if there is any, on whichever Node or on none. */
  readonly any: boolean
  readonly nodes: readonly string[]
  /** By Node, the address of each endpoint there; only what counts endpoints asks for it. */
  readonly hosted?: ReadonlyMap<string, readonly string[]>
  /** Of these, the Nodes on which all of them end. */
  readonly ending?: readonly string[]
}

/** Why a Node is about to go. */
export type Departure = 'deleted' | 'autoscaler' | 'shutdown'

/** A Node that may announce addresses. */
export interface AnnouncerNode {
  readonly name: string
  readonly labels: Labels
  /** The addresses of type InternalIP, at which the agents reach each other. */
  readonly internal: readonly Address[]
  /** The condition NetworkUnavailable. */
  readonly networkUnavailable: boolean
  /** spec.unschedulable, as `kubectl cordon` sets it. */
  readonly cordoned: boolean
  readonly departure: Departure | undefined
}

/** An IPAddressPool with its labels; who may get an address of it plays no part here. */
export interface LabelledPool extends Pool {
  readonly labels: Labels
}

/** An L2Advertisement (metallb.io/v1beta1). */
export interface Advertisement {
  readonly name: string
  /** Undefined: all pools. */
  readonly pools: PoolRule | undefined
  /** One of them has to select the Node. Undefined: all Nodes; empty: none. */
  readonly nodes: readonly LabelSelector[] | undefined
  /** One of them has to select the Service. Undefined: all Services; empty: none. */
  readonly services: readonly LabelSelector[] | undefined
  /** The interfaces on which it is announced. Undefined: all; empty: none. */
  readonly interfaces: readonly string[] | undefined
  readonly preferred: readonly Preference[]
}

/** A pool is meant if it is named or selected; nothing of both means none. */
export interface PoolRule {
  readonly names: readonly string[]
  readonly selectors: readonly LabelSelector[]
}

/** A selector of Nodes that rank before others, by the sum of their weights. */
export interface Preference {
  /** 1 to 100. */
  readonly weight: number
  readonly nodes: LabelSelector
}
