import type { Address } from '../model/address.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import { serviceName } from '../model/service-name.ts'
import { allocate } from './allocate.ts'
import { allocateNodes } from './allocate-nodes.ts'
import type { Allocation } from './allocation.ts'
import {
  type CandidateNode,
  nodeClaimant,
  type PodNodes,
  podNodesOf,
  type ServicePlacement,
} from './nodes-world.ts'
import { byName } from './order.ts'
import { type NamespaceObject, type PoolObject, poolsOf } from './pool-objects.ts'
import { reservationsOf } from './reservations.ts'
import type { Claimant, Held } from './world.ts'

/** What was read of the objects that an allocation depends on; their order has no meaning. */
export interface AllocationObjects {
  readonly services: readonly ServiceFacts[]
  readonly pools: readonly PoolObject[]
  /** The names of IPAddressPools that could never be read. */
  readonly unreadPools: ReadonlySet<string>
  readonly namespaces: readonly NamespaceObject[]
  readonly nodes: readonly CandidateNode[]
  readonly podNodes: readonly PodNodes[]
}

/** A Service as an allocation sees it. */
export type ServiceFacts = { readonly externalIps: readonly Address[] } & (
  | { readonly kind: 'claimant'; readonly claimant: Claimant; readonly placement: ServicePlacement }
  | OtherFacts
)

/** A Service to which we give no address: by its type or its class it is not ours. */
interface OtherFacts {
  readonly kind: 'not-ours'
  readonly reason: 'type' | 'class'
  readonly namespace: string
  readonly name: string
  readonly held: readonly Held[]
  /** True if nodelb or MetalLB gave the addresses, as the annotations say. */
  readonly given: boolean
}

/** The addresses of all Services. */
export interface Decision extends Allocation {
  /** Where addresses come from. */
  readonly source: 'pools' | 'nodes'
  /** The Services that are not ours, in order of name. */
  readonly others: readonly OtherService[]
}

/** A Service that is not ours, and what becomes of its status. */
interface OtherService {
  readonly namespace: string
  readonly name: string
  readonly reason: 'type' | 'class'
  /** True if its status has addresses of ours, as its annotations say: they are taken back. */
  readonly released: boolean
}

/** Decides which addresses every Service has; the same objects always give the same decision. */
export function decide(objects: AllocationObjects, settings: AllocationSettings): Decision {
  const { pools, problems } = poolsOf(objects.pools, objects.namespaces)
  const source = sourceOf(settings, pools.length, objects.nodes.length)
  const others = objects.services.flatMap((each) => (each.kind === 'not-ours' ? [each] : []))
  const allocation =
    source === 'nodes'
      ? onNodes(objects)
      : allocate({
          claimants: objects.services.flatMap((each) =>
            each.kind === 'claimant' ? [each.claimant] : [],
          ),
          pools,
          unread: objects.unreadPools,
          reserved: reservedBy(objects),
          onPoolChange: settings.onPoolChange,
          nearlyFull: settings.poolUsageWarning,
        })
  return {
    ...allocation,
    problems: [...problems, ...allocation.problems],
    source,
    others: others.map(otherOf).toSorted(byName),
  }
}

function sourceOf(
  { addresses }: AllocationSettings,
  pools: number,
  nodes: number,
): Decision['source'] {
  if (addresses !== 'auto') return addresses
  return pools === 0 && nodes > 0 ? 'nodes' : 'pools'
}

function onNodes({ services, nodes, podNodes }: AllocationObjects): Allocation {
  const pods = podNodesOf(podNodes)
  const claimants = services.flatMap((each) =>
    each.kind === 'claimant' ? [nodeClaimant(each.claimant, each.placement, pods)] : [],
  )
  return allocateNodes({ claimants, nodes })
}

/** Addresses that we take back ourselves are not another controller's. */
function reservedBy({ services, nodes }: AllocationObjects): ReturnType<typeof reservationsOf> {
  const addresses = services.map((facts) => ({
    service: serviceName(facts.kind === 'claimant' ? facts.claimant : facts),
    externalIps: facts.externalIps,
    ofOtherClass:
      facts.kind === 'not-ours' && facts.reason === 'class' && !facts.given
        ? facts.held.map(({ address }) => address)
        : [],
  }))
  return reservationsOf(addresses, nodes)
}

function otherOf(facts: OtherFacts): OtherService {
  const { namespace, name, reason, given } = facts
  return { namespace, name, reason, released: given }
}
