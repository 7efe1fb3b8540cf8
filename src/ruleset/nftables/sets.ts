import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { ElementValue, FieldType, SetSchema } from './types.ts'

/** What a lookup is about: a VIP with its port, or a port of the node. */
export type Front = 'vip' | 'node-port'

/** Which endpoints a lookup is about: all that the cluster offers, or those on this node. */
export type Reach = 'cluster' | 'local'

export const SETS = {
  hairpin: 'hairpin',
  clusterIps: 'cluster-ips',
  podRanges: 'pod-ranges',
  /** All addresses that the Node object names: the node's own, even if no route says so (VRFs). */
  nodeAddresses: 'node-addresses',
  nodePortAddresses: 'node-port-addresses',
  serviceRanges: 'service-ranges',
  restricted: 'restricted',
  allowedSources: 'allowed-sources',
  affinity: 'affinity',
  /** VIPs that lately had a client whom the kernel could not remember, for lack of room. */
  crowded: 'crowded',
  /** With ipvs: addresses of Services on the dummy interface that are no ClusterIPs. */
  boundAddresses: 'bound-addresses',
  /** With ipvs: maps that lead pods and the node past policy Local. */
  shortCuts: 'short-cuts',
  /** With ipvs beside kube-proxy: VIPs that lead to themselves, so that kube-proxy ignores them. */
  reserved: 'reserved',
} as const

interface FrontSets {
  readonly known: string
  readonly masquerade: string
  readonly local: string
  readonly noEndpoints: string
  readonly noLocalEndpoints: string
}

/** Returns the names of the sets that exist once for VIPs and once for node ports. */
export function setsOf(front: Front): FrontSets {
  return FRONT_SETS[front]
}

/** Returns the sets whose elements carry the label of their Service port. */
export function labelledSets(front: Front): readonly string[] {
  const { known, noEndpoints, noLocalEndpoints } = setsOf(front)
  return [known, noEndpoints, noLocalEndpoints]
}

const FRONT_SETS: Readonly<Record<Front, FrontSets>> = {
  vip: frontSets('', 'services'),
  'node-port': frontSets('node-port-', 'node-ports'),
}

function frontSets(prefix: string, plural: string): FrontSets {
  return {
    known: plural,
    masquerade: `masquerade-${plural}`,
    local: `local-${plural}`,
    noEndpoints: `${prefix}no-endpoints`,
    noLocalEndpoints: `${prefix}no-local-endpoints`,
  }
}

/** Names the map from VIP (or node port) and slot to endpoint. */
export function endpointsMap(front: Front, reach: Reach): string {
  return ENDPOINTS_MAPS[front][reach]
}

const ENDPOINTS_MAPS: Readonly<Record<Front, Readonly<Record<Reach, string>>>> = {
  vip: { cluster: 'endpoints', local: 'local-endpoints' },
  'node-port': { cluster: 'node-port-endpoints', local: 'node-port-local-endpoints' },
}

/**
 * Returns whether new connections follow the map to an endpoint, by slot or by seat. With ipvs the
 * tables have no such map, because ipvs itself knows the endpoints.
 */
export function leadsToEndpoints(name: string): boolean {
  return (
    isSeatMap(name) ||
    Object.values(ENDPOINTS_MAPS).some(({ cluster, local }) => name === cluster || name === local)
  )
}

/** Names the set of all VIPs (or node ports) with this many endpoints, 2 or more. */
export function countSet(front: Front, reach: Reach, count: number): string {
  return `${reach === 'cluster' ? '' : 'local-'}${front === 'vip' ? 'services' : 'node-ports'}-${count}`
}

/** Names the map from VIP (or node port) with affinity to the endpoint in this seat (ADR 0006). */
export function seatMap(front: Front, reach: Reach, seat: number): string {
  return `${front === 'vip' ? '' : 'node-port-'}${reach === 'cluster' ? '' : 'local-'}seat-${seat}`
}

function isSeatMap(name: string): boolean {
  return /(^|-)seat-\d+$/.test(name)
}

/** Names the set of VIPs with affinity whose seats are all below this number, a power of two. */
export function stickySet(front: Front, seats: number): string {
  return `sticky-${setsOf(front).known}-${seats}`
}

/** Names the map from VIP and endpoint to the chain that remembers clients for its seat. */
export function seatedMap(front: Front): string {
  return `seated-${setsOf(front).known}`
}

export function isSeatedMap(name: string): boolean {
  return name === seatedMap('vip') || name === seatedMap('node-port')
}

/** Names the chain that remembers, for so many seconds, clients who were led to this seat. */
export function rememberChain(seconds: number, seat: number): string {
  return `${REMEMBER}${seconds}-${seat}`
}

const REMEMBER = 'remember-'

/** Returns what a chain of that name remembers; undefined for other chains, and for sets. */
export function remembering(
  name: string,
): { readonly seconds: number; readonly seat: number } | undefined {
  if (!name.startsWith(REMEMBER)) return undefined
  const [, seconds, seat] = /^remember-(\d+)-(\d+)$/.exec(name) ?? []
  return seat === undefined ? undefined : { seconds: Number(seconds), seat: Number(seat) }
}

/** Returns the data of a verdict map's element that leads to this chain. */
export function goTo(chain: string): Tuple {
  return `${GO_TO}${chain}` as Tuple
}

const GO_TO = 'goto '

/** Returns the chain that an element leads to; undefined if its data is no verdict. */
export function chainCalledBy({ data }: ElementValue): string | undefined {
  return data?.startsWith(GO_TO) ? data.slice(GO_TO.length) : undefined
}

/** Returns whether the set holds endpoints by seat, or says how many seats there are. */
export function isForSeats(name: string): boolean {
  return isSeatMap(name) || name.startsWith('sticky-')
}

/** Names the set of clients, with their VIPs, whose endpoint has this seat; the kernel fills it. */
export function clientsSet(seat: number): string {
  return `${SETS.affinity}-${seat}`
}

export function isClientsSet(name: string): boolean {
  return name.startsWith(`${SETS.affinity}-`)
}

/** Returns the number at the end of a set's name; NaN if there is none. */
export function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1))
}

/** How many clients, each with its VIP, seats 0 and 1 remember unless configured otherwise. */
export const AFFINITY_CLIENTS = 262_144
/** How many VIPs the set `crowded` has room for. */
const MOST_CROWDED = 65_536

/**
 * Returns how many clients a seat remembers. Seats 0 and 1 remember `clients` each, seats 2 and 3
 * half as many, seats 4 to 7 a quarter, and so on: a Service has room for about `clients`, however
 * many endpoints it has, and the whole grows with the logarithm of the seats.
 */
export function roomInSeat(seat: number, clients: number): number {
  const halvings = Math.floor(Math.log2(Math.max(1, seat)))
  return Math.max(1, Math.floor(clients / 2 ** halvings))
}

/** Returns what a set holds, which follows from its name. */
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
    case SETS.boundAddresses:
    case SETS.nodeAddresses:
      return { name, key: [address] }
    case SETS.podRanges:
    case SETS.nodePortAddresses:
    case SETS.serviceRanges:
      return { name, key: [address], interval: true }
    case SETS.allowedSources:
      return { name, key: [...vip, address], interval: true }
    case SETS.crowded:
      return { name, key: vip, learned: { size: MOST_CROWDED } }
    case seatedMap('vip'):
      return { name, key: [...vip, ...target], data: 'verdict' }
    case seatedMap('node-port'):
      return { name, key: [...nodePort, ...target], data: 'verdict' }
    case SETS.shortCuts:
    case SETS.reserved:
      return { name, key: vip, data: target }
    case endpointsMap('vip', 'cluster'):
    case endpointsMap('vip', 'local'):
      return { name, key: [...vip, 'slot'], data: target }
    case endpointsMap('node-port', 'cluster'):
    case endpointsMap('node-port', 'local'):
      return { name, key: [...nodePort, 'slot'], data: target }
    default:
      return frontSchema(name, address, name.includes('node-port') ? nodePort : vip)
  }
}

/** Returns the schema of the other sets; many have a number at the end of their name. */
function frontSchema(name: string, address: FieldType, front: readonly FieldType[]): SetSchema {
  const target: readonly FieldType[] = [address, 'inet_service']
  if (isClientsSet(name)) {
    return {
      name,
      key: [address, ...front],
      learned: { size: roomInSeat(numberOf(name), AFFINITY_CLIENTS) },
    }
  }
  return isSeatMap(name) ? { name, key: front, data: target } : { name, key: front }
}
