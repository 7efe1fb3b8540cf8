/** What a lookup is about: a VIP with its port, or a port of the node. */
export type Front = 'vip' | 'node-port'

/** Which endpoints a lookup is about: all that the cluster offers, or those on this node. */
export type Reach = 'cluster' | 'local'

/** The sets that exist once in a table. */
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
  /** VIPs that lately had a client that the kernel could not remember, for lack of room. */
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
  /** Those with affinity that have an endpoint at their own address and port. */
  readonly ownEndpoint: string
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

export const FRONTS: readonly Front[] = ['vip', 'node-port']
export const REACHES: readonly Reach[] = ['cluster', 'local']

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
    ownEndpoint: `${prefix}own-endpoint`,
  }
}

/** Names the map from VIP (or node port) and slot to endpoint. */
export function endpointsMap(front: Front, reach: Reach): string {
  return ENDPOINTS[front][reach]
}

/** Names the set of all VIPs (or node ports) with this many endpoints, 2 or more. */
export function countSet(front: Front, reach: Reach, count: number): string {
  return `${COUNTED[front][reach]}-${count}`
}

/**
 * Returns the upper end of the range that this count is in: 5 to 16, 17 to 64, and so on by powers of
 * four. Counts up to 4 are in none (ADR 0002).
 */
export function rangeOf(count: number): number | undefined {
  return count <= 4 ? undefined : 4 ** Math.ceil(Math.log2(count) / 2)
}

/** Names the set of all VIPs (or node ports) with a number of endpoints in the range up to `most`. */
export function rangeSet(front: Front, reach: Reach, most: number): string {
  return `${COUNTED[front][reach]}-to-${most}`
}

/** Names the map from VIP (or node port) with affinity to the endpoint in this seat (ADR 0006). */
export function seatMap(front: Front, reach: Reach, seat: number): string {
  return `${SEAT[front][reach]}-${seat}`
}

/** Names the set of VIPs with affinity whose seats are all below this number, a power of two. */
export function stickySet(front: Front, seats: number): string {
  return `sticky-${setsOf(front).known}-${seats}`
}

/** Names the map from VIP and endpoint to the chain that remembers clients for its seat. */
export function seatedMap(front: Front): string {
  return `seated-${setsOf(front).known}`
}

/** Names the set of VIPs (or node ports) whose elements count new connections, if that is wanted. */
export function meteredSet(front: Front): string {
  return `metered-${setsOf(front).known}`
}

/** Names the set of clients, with their VIPs, whose endpoint has this seat; the kernel fills it. */
export function clientsSet(seat: number): string {
  return `${CLIENTS}-${seat}`
}

type Names = Readonly<Record<Front, Readonly<Record<Reach, string>>>>

const ENDPOINTS: Names = {
  vip: { cluster: 'endpoints', local: 'local-endpoints' },
  'node-port': { cluster: 'node-port-endpoints', local: 'node-port-local-endpoints' },
}
/** These and the following are names to which a number is added. */
const COUNTED: Names = {
  vip: { cluster: 'services', local: 'local-services' },
  'node-port': { cluster: 'node-ports', local: 'local-node-ports' },
}
const SEAT: Names = {
  vip: { cluster: 'seat', local: 'local-seat' },
  'node-port': { cluster: 'node-port-seat', local: 'node-port-local-seat' },
}
const CLIENTS = 'affinity'

/** What a set is, as its name says. */
export type SetId =
  | { readonly kind: 'single'; readonly name: SingleSet }
  /** One of `setsOf`. */
  | { readonly kind: 'front'; readonly front: Front }
  | { readonly kind: 'endpoints'; readonly front: Front; readonly reach: Reach }
  | {
      readonly kind: 'counted'
      readonly front: Front
      readonly reach: Reach
      readonly count: number
    }
  | { readonly kind: 'range'; readonly front: Front; readonly reach: Reach; readonly most: number }
  | { readonly kind: 'seat'; readonly front: Front; readonly reach: Reach; readonly seat: number }
  | { readonly kind: 'sticky'; readonly front: Front; readonly seats: number }
  | { readonly kind: 'seated'; readonly front: Front }
  | { readonly kind: 'metered'; readonly front: Front }
  | { readonly kind: 'clients'; readonly seat: number }

type SingleSet = (typeof SETS)[keyof typeof SETS]

/** Returns what a set of that name is; undefined if nodelb has no such set. */
export function setNamed(name: string): SetId | undefined {
  const whole = WHOLE.get(name)
  if (whole !== undefined) return whole
  const [stem, number] = splitNumber(name) ?? ['', 0]
  return NUMBERED.get(stem)?.(number)
}

/** Returns the parts of a name such as `services-3`; undefined if it does not end so. */
export function splitNumber(name: string): readonly [stem: string, number: number] | undefined {
  const at = name.lastIndexOf('-')
  const number = Number(name.slice(at + 1))
  const isWhole = at > 0 && Number.isSafeInteger(number) && name.endsWith(`-${number}`)
  return isWhole ? [name.slice(0, at), number] : undefined
}

const SPREADS = FRONTS.flatMap((front) => REACHES.map((reach) => ({ front, reach })))

/** The names of all maps from slots to endpoints. */
export const ENDPOINTS_MAPS: readonly string[] = SPREADS.map(({ front, reach }) =>
  endpointsMap(front, reach),
)

const WHOLE: ReadonlyMap<string, SetId> = new Map<string, SetId>([
  ...Object.values(SETS).map((name): [string, SetId] => [name, { kind: 'single', name }]),
  ...FRONTS.flatMap((front) => [
    ...Object.values(setsOf(front)).map((name): [string, SetId] => [
      name,
      { kind: 'front', front },
    ]),
    [seatedMap(front), { kind: 'seated', front }] as const,
    [meteredSet(front), { kind: 'metered', front }] as const,
  ]),
  ...SPREADS.map((spread): [string, SetId] => [
    endpointsMap(spread.front, spread.reach),
    { kind: 'endpoints', ...spread },
  ]),
])

type Numbered = (number: number) => SetId

const NUMBERED: ReadonlyMap<string, Numbered> = new Map<string, Numbered>([
  ...SPREADS.flatMap((spread): [string, Numbered][] => [
    [COUNTED[spread.front][spread.reach], (count) => ({ kind: 'counted', ...spread, count })],
    [`${COUNTED[spread.front][spread.reach]}-to`, (most) => ({ kind: 'range', ...spread, most })],
    [SEAT[spread.front][spread.reach], (seat) => ({ kind: 'seat', ...spread, seat })],
  ]),
  ...FRONTS.map((front): [string, Numbered] => [
    `sticky-${setsOf(front).known}`,
    (seats) => ({ kind: 'sticky', front, seats }),
  ]),
  [CLIENTS, (seat) => ({ kind: 'clients', seat })],
])
