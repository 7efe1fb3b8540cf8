import { familyOf } from '../model/address.ts'
import type { Settings } from '../model/node.ts'
import type { ServiceObject, ServicePort } from '../model/service.ts'
import { nodePortKey, vipKey } from '../ruleset/sets.ts'
import type { Tuple } from '../ruleset/types.ts'

/** `namespace/name`. */
export type ServiceName = string

export type ClaimKind = 'cluster-ip' | 'external-ip' | 'load-balancer' | 'node-port'

/** One address (or node port) that a Service port asks for. */
export interface Claim {
  readonly kind: ClaimKind
  readonly key: Tuple
  /** Undefined for a node port: it is claimed in each family of the Service. */
  readonly address: string | undefined
  readonly port: ServicePort
}

export interface Conflict {
  readonly key: Tuple
  readonly winner: ServiceName
  readonly loser: ServiceName
}

export function serviceName(service: Pick<ServiceObject, 'namespace' | 'name'>): ServiceName {
  return `${service.namespace}/${service.name}`
}

/** All that a Service asks for within the scope; an address named twice is one claim. */
export function claimsOf(service: ServiceObject, settings: Settings): readonly Claim[] {
  const claims = new Map<Tuple, Claim>()
  for (const port of service.ports) {
    for (const claim of portClaims(service, port, settings)) {
      if (!claims.has(claim.key)) claims.set(claim.key, claim)
    }
  }
  return [...claims.values()]
}

function portClaims(service: ServiceObject, port: ServicePort, settings: Settings): Claim[] {
  const vip = (kind: ClaimKind) => (address: string) => ({
    kind,
    key: vipKey(address, port.protocol, port.port),
    address,
    port,
  })
  const external = [
    ...service.loadBalancerAddresses.map(vip('load-balancer')),
    ...service.externalAddresses.map(vip('external-ip')),
  ].filter(({ address }) => servesFamily(service, address))
  if (settings.scope === 'load-balancer') return external
  return [
    ...service.clusterAddresses.map(vip('cluster-ip')),
    ...external,
    ...(port.nodePort === undefined
      ? []
      : [
          {
            kind: 'node-port' as const,
            key: nodePortKey(port.protocol, port.nodePort),
            address: undefined,
            port,
          },
        ]),
  ]
}

/** As kube-proxy: a Service serves the families of its cluster addresses (any, if it has none). */
function servesFamily(service: ServiceObject, address: string): boolean {
  if (service.clusterAddresses.length === 0) return true
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  return service.clusterAddresses.some((cluster) => familyOf(cluster) === family)
}

/** The older Service wins, then the smaller name; one without a creation time counts as youngest. */
export function outranks(
  a: Pick<ServiceObject, 'created' | 'namespace' | 'name'>,
  b: Pick<ServiceObject, 'created' | 'namespace' | 'name'>,
): boolean {
  if (a.created !== b.created) {
    if (a.created === '' || b.created === '') return a.created !== ''
    return a.created < b.created
  }
  return serviceName(a) < serviceName(b)
}
