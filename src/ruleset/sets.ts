import type { Protocol } from '../model/address.ts'
import type { FieldType, SetSchema, TableFamily, Tuple } from './types.ts'

/** Joins canonical texts to an element's key or data. */
export function tuple(first: string, second?: string | number): Tuple {
  return (second === undefined ? first : `${first} . ${second}`) as Tuple
}

/** The key of an address that nodelb answers for. */
export function vipKey(address: string, protocol: Protocol, port: number): Tuple {
  return `${address} . ${protocol} . ${port}` as Tuple
}

export function nodePortKey(protocol: Protocol, port: number): Tuple {
  return `${protocol} . ${port}` as Tuple
}

/** Which address a lookup is about: a VIP with its port, or a port of the node. */
export type Front = 'vip' | 'node-port'

/** Which endpoints: all that the cluster offers, or those on this node. */
export type Reach = 'all' | 'local'

export const SETS = {
  hairpin: 'hairpin',
  clusterIps: 'cluster-ips',
  podRanges: 'pod-ranges',
  nodePortAddresses: 'node-port-addresses',
  serviceRanges: 'service-ranges',
  restricted: 'restricted',
  allowedSources: 'allowed-sources',
  affinity: 'affinity',
} as const

/** Names of the sets that exist once for VIPs and once for node ports. */
export function setsOf(front: Front): {
  readonly known: string
  readonly masquerade: string
  readonly local: string
  readonly noEndpoints: string
  readonly noLocalEndpoints: string
} {
  const prefix = front === 'vip' ? '' : 'node-port-'
  const plural = front === 'vip' ? 'services' : 'node-ports'
  return {
    known: plural,
    masquerade: `masquerade-${plural}`,
    local: `local-${plural}`,
    noEndpoints: `${prefix}no-endpoints`,
    noLocalEndpoints: `${prefix}no-local-endpoints`,
  }
}

export function endpointsMap(front: Front, reach: Reach): string {
  return `${front === 'vip' ? '' : 'node-port-'}${reach === 'all' ? '' : 'local-'}endpoints`
}

/** The set of all VIPs (or node ports) with this many endpoints; 2 and more. */
export function countSet(front: Front, reach: Reach, count: number): string {
  return `${reach === 'all' ? '' : 'local-'}${front === 'vip' ? 'services' : 'node-ports'}-${count}`
}

/** Like countSet, for Services with affinity in IPv6 (ADR 0006): the client's hash chooses. */
export function hashedSet(front: Front, reach: Reach, count: number): string {
  return `hashed-${countSet(front, reach, count)}`
}

export function stickySet(front: Front, seconds: number): string {
  return `sticky-${front === 'vip' ? 'services' : 'node-ports'}-${seconds}`
}

/** The number at the end of a count set's or sticky set's name. */
export function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1))
}

/** A client sticks in the kernel's memory, not ours: this many clients and VIPs at most. */
const AFFINITY_SIZE = 262_144

/** What a set holds follows from its name. */
export function setSchema(family: TableFamily, name: string): SetSchema {
  const cache = family === 'ip' ? schemas4 : schemas6
  let schema = cache.get(name)
  if (schema === undefined) {
    schema = makeSchema(family === 'ip' ? 'ipv4_addr' : 'ipv6_addr', name)
    cache.set(name, schema)
  }
  return schema
}

const schemas4 = new Map<string, SetSchema>()
const schemas6 = new Map<string, SetSchema>()

function makeSchema(address: FieldType, name: string): SetSchema {
  const vip: readonly FieldType[] = [address, 'inet_proto', 'inet_service']
  const nodePort: readonly FieldType[] = ['inet_proto', 'inet_service']
  const target: readonly FieldType[] = [address, 'inet_service']
  switch (name) {
    case SETS.hairpin:
      return { name, key: [address, address] }
    case SETS.clusterIps:
      return { name, key: [address] }
    case SETS.podRanges:
    case SETS.nodePortAddresses:
    case SETS.serviceRanges:
      return { name, key: [address], interval: true }
    case SETS.allowedSources:
      return { name, key: [...vip, address], interval: true }
    case SETS.affinity:
      return { name, key: [address, ...vip], data: target, learned: { size: AFFINITY_SIZE } }
    case endpointsMap('vip', 'all'):
    case endpointsMap('vip', 'local'):
      return { name, key: [...vip, 'slot'], data: target }
    case endpointsMap('node-port', 'all'):
    case endpointsMap('node-port', 'local'):
      return { name, key: [...nodePort, 'slot'], data: target }
    default:
      return { name, key: name.includes('node-port') ? nodePort : vip }
  }
}
