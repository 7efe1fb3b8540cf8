import { type Address, type Cidr, familyOf, type IpFamily, type Port } from '../model/address.ts'
import { nodePortKey, vipKey } from '../model/frontend-id.ts'
import type { Settings } from '../model/node.ts'
import type { ServiceObject, ServicePort } from '../model/service.ts'
import type { Tuple } from '../model/tuple.ts'

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
  readonly address: Address | undefined
  readonly port: ServicePort
  /** Why the Service cannot have it, even if no other Service asks for it. */
  readonly forbidden: Forbidden | undefined
  /** True if NodePorts answer here too, so the same NodePort of another Service is a rival. */
  readonly amongNodePorts: boolean
}

/** What the configuration says about an address, whatever the port, and about its ports. */
interface Judgement {
  readonly forbidden: Forbidden | undefined
  readonly protectedPorts: ReadonlySet<number>
  readonly amongNodePorts: boolean
}

/** What is said of an address that nothing speaks against. */
export const NOTHING_AGAINST: Judgement = {
  forbidden: undefined,
  protectedPorts: new Set(),
  amongNodePorts: false,
}

export type Judge = (kind: 'load-balancer' | 'external-ip', address: Address) => Judgement

/** An address at which a Service wants to be served on each of its ports. */
interface AskedAddress {
  readonly kind: ClaimKind
  readonly address: Address
  readonly judgement: Judgement
}

/** Returns one claim of a Service for each key. */
export function distinct(claims: readonly Claim[]): readonly Claim[] {
  if (isEachOnce(claims)) return claims
  const found = new Map<Tuple, Claim>()
  for (const claim of claims) {
    const former = found.get(claim.key)
    found.set(claim.key, former === undefined ? claim : merged(former, claim))
  }
  return [...found.values()]
}

/** Of a few claims, comparing each with each is cheaper than a map; nearly all Services have few. */
function isEachOnce(claims: readonly Claim[]): boolean {
  if (claims.length > FEW) return false
  return claims.every(({ key }, at) => {
    for (let other = 0; other < at; other++) if (claims[other]?.key === key) return false
    return true
  })
}

const FEW = 8

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
  if (claim.address !== undefined) return [familyOf(claim.address)]
  const families = new Set(service.clusterAddresses.map(familyOf))
  return families.size > 0 ? [...families] : ['ipv4']
}

/**
 * Returns the claims of a Service within the scope, in order of port, and for each port addresses
 * before the node port. An address named twice is claimed twice.
 */
export function claimsOf(
  service: ServiceObject,
  { scope }: Pick<Settings, 'scope'>,
  judge: Judge,
): readonly Claim[] {
  const addresses = addressesOf(service, judge)
  const found: Claim[] = []
  for (const port of service.ports) {
    for (const asked of addresses) {
      if (scope === 'all' || asked.kind !== 'cluster-ip') found.push(claimOf(asked, port))
    }
    if (scope === 'all' && port.nodePort !== undefined) {
      found.push(nodePortClaim(port, port.nodePort))
    }
  }
  // Claims are kept, and a list that has grown has room for more; a copy has none.
  return found.slice()
}

function addressesOf(service: ServiceObject, judge: Judge): readonly AskedAddress[] {
  const { clusterAddresses, loadBalancerAddresses, externalAddresses } = service
  const found: AskedAddress[] = []
  for (const address of clusterAddresses) {
    found.push({ kind: 'cluster-ip', address, judgement: NOTHING_AGAINST })
  }
  const add = (kind: 'load-balancer' | 'external-ip', address: Address): void => {
    // A ClusterIP that is also in another list of the Service's addresses stays a ClusterIP; with
    // scope load-balancer, kube-proxy serves it.
    if (!servesFamily(service, address) || clusterAddresses.includes(address)) return
    found.push({ kind, address, judgement: judge(kind, address) })
  }
  for (const address of loadBalancerAddresses) add('load-balancer', address)
  for (const address of externalAddresses) add('external-ip', address)
  return found
}

function claimOf({ kind, address, judgement }: AskedAddress, port: ServicePort): Claim {
  const key = vipKey(address, port.protocol, port.port)
  const { protectedPorts, amongNodePorts } = judgement
  const forbidden = protectedPorts.has(port.port) ? PROTECTED : judgement.forbidden
  return { kind, key, address, port, forbidden, amongNodePorts }
}

const PROTECTED: Forbidden = { kind: 'protected-port' }

function nodePortClaim(port: ServicePort, nodePort: Port): Claim {
  return {
    kind: 'node-port',
    key: nodePortKey(port.protocol, nodePort),
    address: undefined,
    port,
    forbidden: undefined,
    amongNodePorts: false,
  }
}

/** As in kube-proxy, a Service serves the families of its ClusterIPs, or any if it has none. */
function servesFamily(service: ServiceObject, address: Address): boolean {
  if (service.clusterAddresses.length === 0) return true
  const family = familyOf(address)
  return service.clusterAddresses.some((cluster) => familyOf(cluster) === family)
}
