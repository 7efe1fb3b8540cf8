import { type Address, type Cidr, familyOf, type IpFamily, type Port } from '../model/address.ts'
import { nodePortKey, vipKey } from '../model/frontend-id.ts'
import type { Settings } from '../model/node.ts'
import { compareAge, type ServiceObject, type ServicePort } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import { type Tuple, tuple } from '../model/tuple.ts'

/**
 * The kinds of claims in order of rank: the API server gives each ClusterIP and NodePort to one
 * Service, a controller writes load-balancer addresses, and externalIPs are whatever a user typed.
 */
export const claimKinds = ['cluster-ip', 'node-port', 'load-balancer', 'external-ip'] as const

export type ClaimKind = (typeof claimKinds)[number]

/** What the API server allocates to one Service alone: a whole address, or a port of all nodes. */
export type AllocatedKind = 'cluster-ip' | 'node-port' | 'health-check'

/** Why no Service may have a claim, even if no other Service asks for it. */
export type Forbidden =
  | { readonly kind: 'service-range'; readonly range: Cidr }
  | { readonly kind: 'range-not-allowed' | 'node-address' | 'protected-port' | 'other-node' }

/** One address (or node port) that a Service port asks for. */
export interface Claim {
  readonly kind: ClaimKind
  readonly key: Tuple
  /** Undefined for a node port, which is claimed in each family of the Service. */
  readonly address: string | undefined
  readonly port: ServicePort
  /** Why the Service cannot have it, even if no other Service asks for it. */
  readonly forbidden?: Forbidden
  /** True if NodePorts answer here too, so the same NodePort of another Service is a rival. */
  readonly amongNodePorts?: true
}

/** A Service that asks for something, and the kind of claim by which it does. */
export interface Claimant {
  readonly service: ServiceObject
  readonly name: ServiceName
  readonly kind: ClaimKind | AllocatedKind
}

/** Returns all claims of a Service within the scope; an address named twice is one claim. */
export function claimsOf(service: ServiceObject, settings: Settings): readonly Claim[] {
  return distinct(askedFor(service, settings))
}

/** Returns one claim of a Service for each key. */
export function distinct(claims: Iterable<Claim>): readonly Claim[] {
  const found = new Map<Tuple, Claim>()
  for (const claim of claims) {
    const former = found.get(claim.key)
    found.set(claim.key, former === undefined ? claim : merged(former, claim))
  }
  return [...found.values()]
}

/** An address goes before the Service's own NodePort at it, because source ranges guard it. */
function merged(former: Claim, claim: Claim): Claim {
  if (claim.forbidden !== undefined) return former
  if (former.forbidden !== undefined) return claim
  return former.kind === 'node-port' ? claim : former
}

/**
 * Returns the families in which a claim asks for something. For a node port these are the families
 * of the ClusterIPs, or IPv4 if there are none.
 */
export function claimFamilies(service: ServiceObject, claim: Claim): readonly IpFamily[] {
  if (claim.address !== undefined) return [familyOf(claim.address as Address)]
  const families = new Set(service.clusterAddresses.map(familyOf))
  return families.size > 0 ? [...families] : ['ipv4']
}

/** Yields claims in order of port, and for each port addresses before the node port. */
export function* askedFor(service: ServiceObject, settings: Settings): Iterable<Claim> {
  const { clusterAddresses, loadBalancerAddresses, externalAddresses } = service
  for (const port of service.ports) {
    const vips = (kind: ClaimKind, addresses: readonly string[]): Claim[] =>
      addresses.map((address) => ({
        kind,
        key: vipKey(address, port.protocol, port.port),
        address,
        port,
      }))
    // A ClusterIP that is also in another list of the Service's addresses stays a ClusterIP; with
    // scope load-balancer, kube-proxy serves it.
    const served = (addresses: readonly Address[]): Address[] =>
      addresses.filter(
        (address) => servesFamily(service, address) && !clusterAddresses.includes(address),
      )
    if (settings.scope === 'all') yield* vips('cluster-ip', clusterAddresses)
    yield* vips('load-balancer', served(loadBalancerAddresses))
    yield* vips('external-ip', served(externalAddresses))
    if (settings.scope !== 'all' || port.nodePort === undefined) continue
    const key = nodePortKey(port.protocol, port.nodePort)
    yield { kind: 'node-port', key, address: undefined, port }
  }
}

/** As in kube-proxy, a Service serves the families of its ClusterIPs, or any if it has none. */
function servesFamily(service: ServiceObject, address: string): boolean {
  if (service.clusterAddresses.length === 0) return true
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  return service.clusterAddresses.some((cluster) => familyOf(cluster) === family)
}

/**
 * Returns what the API server gave to this Service alone, in any scope: whole addresses, and ports
 * of all nodes.
 */
export function allocatedTo(service: ServiceObject): ReadonlyMap<Tuple, AllocatedKind> {
  const found = new Map<Tuple, AllocatedKind>()
  for (const address of service.clusterAddresses) found.set(tuple(address), 'cluster-ip')
  const { healthCheckPort } = service
  if (healthCheckPort !== undefined) found.set(healthCheckKey(healthCheckPort), 'health-check')
  for (const { protocol, nodePort } of service.ports) {
    if (nodePort !== undefined) found.set(nodePortKey(protocol, nodePort), 'node-port')
  }
  return found
}

/** The agent or kube-proxy answers on this port, on every address that answers NodePorts. */
function healthCheckKey(port: Port): Tuple {
  return tuple('health-check', port)
}

/** Returns the keys that defeat the claim if the API server gave one of them to another Service. */
export function allocationsAgainst({ kind, address, port, ...claim }: Claim): readonly Tuple[] {
  if (address === undefined || kind === 'cluster-ip') return []
  const { protocol, nodePort } = port
  if (kind === 'node-port') return nodePort === undefined ? [] : [nodePortKey(protocol, nodePort)]
  const host = tuple(address)
  if (!claim.amongNodePorts) return [host]
  const health = protocol === 'tcp' ? [healthCheckKey(port.port)] : []
  return [host, nodePortKey(protocol, port.port), ...health]
}

/** Returns whether `a` goes before `b`: by kind, then the older Service, then the smaller name. */
export function outranks(a: Claimant, b: Claimant): boolean {
  if (a.kind !== b.kind) return rankOf(a.kind) < rankOf(b.kind)
  const age = compareAge(a.service, b.service)
  return age === 0 ? a.name < b.name : age < 0
}

/** A health-check port is never claimed as another kind, so its rank does not matter. */
function rankOf(kind: Claimant['kind']): number {
  return kind === 'health-check' ? claimKinds.length : claimKinds.indexOf(kind)
}
