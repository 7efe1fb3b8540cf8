import type { Address } from '../model/address.ts'
import type { Labels } from '../model/label-selector.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Taint, Toleration } from './taints.ts'
import type { Claimant } from './world.ts'

/**
 * All that an allocation of Node addresses depends on, in the way of k3s ServiceLB; the order of its
 * lists has no meaning.
 */
export interface NodesWorld {
  readonly claimants: readonly NodeClaimant[]
  readonly nodes: readonly CandidateNode[]
}

/** A Node whose addresses Services may have. */
export interface CandidateNode {
  readonly name: string
  readonly labels: Labels
  readonly taints: readonly Taint[]
  /** The condition Ready; true if the Node has none. */
  readonly ready: boolean
  readonly internal: readonly Address[]
  readonly external: readonly Address[]
}

/** A Service of type LoadBalancer to which we give addresses of Nodes. */
export interface NodeClaimant
  extends Pick<
      Claimant,
      'namespace' | 'name' | 'created' | 'families' | 'sharing' | 'held' | 'renewing' | 'leaving'
    >,
    Omit<ServicePlacement, 'local'> {
  /** The Nodes with ready pods, which are all that policy Local uses; undefined for Cluster. */
  readonly podNodes: ReadonlySet<string> | undefined
}

/** What a Service says about the Nodes that it wants. */
export interface ServicePlacement {
  /** The label svccontroller.k3s.cattle.io/lbpool. */
  readonly lbpool: string | undefined
  /** The annotation svccontroller.k3s.cattle.io/tolerations. */
  readonly tolerations: readonly Toleration[]
  /** True for externalTrafficPolicy Local. */
  readonly local: boolean
}

/** The Nodes on which one EndpointSlice of a Service has ready endpoints that are Pods. */
export interface PodNodes {
  readonly service: ServiceName
  readonly nodes: readonly string[]
}

/** Returns a Service as an allocation of Node addresses sees it. */
export function nodeClaimant(
  claimant: Claimant,
  { lbpool, tolerations, local }: ServicePlacement,
  podNodes: ReadonlyMap<ServiceName, ReadonlySet<string>>,
): NodeClaimant {
  const { namespace, name, created, families, sharing, held, renewing, leaving } = claimant
  const ownPods = podNodes.get(`${namespace}/${name}`) ?? new Set()
  return {
    ...{ namespace, name, created, families, sharing, held, renewing, leaving },
    ...{ lbpool, tolerations, podNodes: local ? ownPods : undefined },
  }
}

/** Returns for each Service the Nodes with ready pods, from all its slices. */
export function podNodesOf(
  slices: readonly PodNodes[],
): ReadonlyMap<ServiceName, ReadonlySet<string>> {
  const found = new Map<ServiceName, Set<string>>()
  for (const { service, nodes } of slices) {
    const known = found.get(service)
    if (known === undefined) found.set(service, new Set(nodes))
    else for (const node of nodes) known.add(node)
  }
  return found
}
