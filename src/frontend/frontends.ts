import { type Address, familyOf, type IpFamily } from '../model/address.ts'
import type { FrontendId } from '../model/frontend-id.ts'
import type { NodeView, Settings, Situation } from '../model/node.ts'
import type { ServiceObject, ServicePort, TrafficPolicy } from '../model/service.ts'
import { type Candidate, type Chosen, type Target, targetOf } from './choose-endpoints.ts'
import { type Claim, type ClaimKind, claimFamilies } from './claims.ts'
import { allowedSources } from './source-ranges.ts'

/**
 * One address and port, or port of the node, at which this node serves one port of a Service, and
 * what becomes of connections to it. Backends turn it into their own values; it is not stored.
 */
export interface Frontend {
  readonly id: FrontendId
  readonly family: IpFamily
  readonly kind: ClaimKind
  /** Undefined for a port of the node, which is served on many addresses. */
  readonly address: Address | undefined
  readonly port: ServicePort
  /** The policy that applies to this kind of frontend: internal for a ClusterIP, else external. */
  readonly policy: TrafficPolicy
  /** True if clients other than pods and nodes are meant to connect. */
  readonly external: boolean
  readonly endpoints: FrontendEndpoints
  /** What becomes of a connection for which there is no endpoint; undefined if there is one. */
  readonly unserved: 'reject' | 'drop' | undefined
  /** The sources that may connect, as disjoint intervals in nft's text; undefined for all. */
  readonly sources: readonly string[] | undefined
}

interface FrontendEndpoints {
  /** The endpoints for pods and the node itself, and under policy Cluster for every client. */
  readonly inside: readonly Target[]
  /** The endpoints for all other clients under external policy Local; otherwise none. */
  readonly local: readonly Target[]
  /** How many endpoints the slices name, whatever their state. */
  readonly count: number
  /** Returns all of them. */
  readonly offered: () => readonly Candidate[]
}

/** Returns the endpoints that the policy leaves for the clients to which it applies. */
export function endpointsByPolicy({ policy, external, endpoints }: Frontend): readonly Target[] {
  return policy === 'local' && external ? endpoints.local : endpoints.inside
}

/** Returns the endpoints that this node uses for a port of the Service. */
export type Choice = (port: ServicePort, family: IpFamily) => Chosen

/** A Service and the frontends that it has on this node. */
export interface ServedService {
  readonly service: ServiceObject
  readonly frontends: readonly Frontend[]
}

/** Returns the frontends for the claims that the Service has won, in the order of the claims. */
export function frontendsOf(
  service: ServiceObject,
  claims: readonly Claim[],
  choice: Choice,
  { node, settings }: Situation,
): readonly Frontend[] {
  const known: KnownChoice[] = []
  const chosenFor = (port: ServicePort, family: IpFamily): Chosen => {
    const found = known.find((each) => each.port === port && each.family === family)
    if (found !== undefined) return found.chosen
    const chosen = choice(port, family)
    known.push({ port, family, chosen })
    return chosen
  }
  const frontends: Frontend[] = []
  for (const claim of claims) {
    for (const family of claimFamilies(service, claim)) {
      const endpoints = aimed(settings, service, claim, family) ?? chosenFor(claim.port, family)
      const sources = sourcesOf(service, claim, node)
      frontends.push(frontendOf(service, claim, { family, endpoints, sources }))
    }
  }
  return frontends
}

/** The endpoints that were chosen for a port in one family; its other addresses have the same. */
interface KnownChoice {
  readonly port: ServicePort
  readonly family: IpFamily
  readonly chosen: Chosen
}

/** With `target: cluster-ip` an external address leads to the ClusterIP, whatever its endpoints. */
function aimed(
  { target }: Settings,
  { clusterAddresses }: ServiceObject,
  { kind, port }: Claim,
  family: IpFamily,
): Chosen | undefined {
  if (target === 'pods' || kind === 'cluster-ip') return undefined
  const address = clusterAddresses.find((cluster) => familyOf(cluster) === family)
  if (address === undefined) return undefined
  const targets = [targetOf(address, port.port, false)]
  return { cluster: targets, local: targets, any: true, count: 0, offered: () => [] }
}

/** What was found for a claim in one family. */
interface FoundForClaim {
  readonly family: IpFamily
  readonly endpoints: Chosen
  readonly sources: readonly string[] | undefined
}

function frontendOf(
  service: ServiceObject,
  { key, kind, address, port }: Claim,
  { family, endpoints: chosen, sources }: FoundForClaim,
): Frontend {
  const external = kind !== 'cluster-ip'
  const policy = external ? service.externalPolicy : service.internalPolicy
  const localOnly = policy === 'local'
  return {
    id: key,
    family,
    kind,
    address: address as Address | undefined,
    port,
    policy,
    external,
    endpoints: {
      inside: localOnly && !external ? chosen.local : chosen.cluster,
      local: localOnly && external ? chosen.local : [],
      count: chosen.count,
      offered: chosen.offered,
    },
    unserved: unserved(chosen, policy),
    sources,
  }
}

function sourcesOf(
  service: ServiceObject,
  { kind, address }: Claim,
  node: NodeView,
): readonly string[] | undefined {
  if (kind !== 'load-balancer' || address === undefined) return undefined
  return allowedSources(service, node, address as Address)
}

/** Policy Local drops what another node can serve, so that balancers in front try that node. */
function unserved({ any, local }: Chosen, policy: TrafficPolicy): Frontend['unserved'] {
  if (!any) return 'reject'
  return policy === 'local' && local.length === 0 ? 'drop' : undefined
}
