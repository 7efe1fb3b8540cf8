import type { Address, Port, Protocol } from '../model/address.ts'
import type { Brand } from '../model/brand.ts'
import { present } from '../model/present.ts'
import type { ServiceObject } from '../model/service.ts'
import type { AllocatedKind, Claim } from './claims.ts'

/**
 * What the API server gives to one Service alone, in any scope: a whole address, or a port of all
 * nodes.
 */
export type Allocation = Address | AllocatedPort

/** A port of all nodes and what it is for, as one number: there is one for most Services. */
type AllocatedPort = Brand<number, 'AllocatedPort'>

/** Returns what the API server gave to the Service. */
export function allocationsOf(service: ServiceObject): readonly Allocation[] {
  const { clusterAddresses, healthCheckPort, ports } = service
  const found: Allocation[] = [...clusterAddresses]
  if (healthCheckPort !== undefined) found.push(allocatedPort('health-check', healthCheckPort))
  for (const { protocol, nodePort } of ports) {
    if (nodePort !== undefined) found.push(allocatedPort(protocol, nodePort))
  }
  return found
}

/** Returns what defeats the claim if the API server gave it to another Service. */
export function allocationsAgainst({
  kind,
  address,
  port: { protocol, port, nodePort },
  amongNodePorts,
}: Claim): readonly Allocation[] {
  // Services compete for the whole of these, with the same outcome.
  if (kind === 'cluster-ip' || address === undefined) return NONE
  // A NodePort at one address: there the Service that has the port may have another claim, too.
  if (kind === 'node-port') return [allocatedPort(protocol, present(nodePort))]
  if (!amongNodePorts) return [address]
  const health = protocol === 'tcp' ? [allocatedPort('health-check', port)] : []
  return [address, allocatedPort(protocol, port), ...health]
}

const NONE: readonly Allocation[] = []

/** Returns as what the API server gave it. */
export function kindOf(allocation: Allocation): AllocatedKind {
  if (typeof allocation === 'string') return 'cluster-ip'
  return allocation % USES.length === USES.indexOf('health-check') ? 'health-check' : 'node-port'
}

/** What a port of all nodes is for: a NodePort of a protocol, or health checks by HTTP. */
const USES = ['tcp', 'udp', 'sctp', 'health-check'] as const

function allocatedPort(use: Protocol | 'health-check', port: Port): AllocatedPort {
  return (port * USES.length + USES.indexOf(use)) as AllocatedPort
}
