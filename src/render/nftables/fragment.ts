import { type Address, familyOf, type IpFamily } from '../../model/address.ts'
import { type TableFamily, tableOf } from '../../model/family.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import type { ServiceObject, ServicePort } from '../../model/service.ts'
import {
  countSet,
  endpointsMap,
  type Front,
  goTo,
  nodePortKey,
  type Reach,
  rememberChain,
  SETS,
  seatedMap,
  seatMap,
  setsOf,
  stickySet,
  tuple,
} from '../../ruleset/nftables/sets.ts'
import type { ElementValue, Tuple } from '../../ruleset/nftables/types.ts'
import { type Candidate, type Chosen, chooseEndpoints, type Target } from '../choose-endpoints.ts'
import type { Claim } from '../claims.ts'
import { claimLabel, healthCheckLabel, serviceLabel } from '../labels.ts'
import { rememberedFor } from './affinity.ts'
import { assignSeats, type SeatMemory, stepFor } from './seats.ts'
import { assignSlots, type SlotMemory } from './slots.ts'
import { restrict } from './source-ranges.ts'

/** One element that a Service wants in a set. */
export interface Contribution {
  readonly family: TableFamily
  readonly set: string
  readonly key: Tuple
  readonly value: ElementValue
}

/** All that one Service puts into the tables; the unit of rendering, comparing and blaming. */
export type Fragment = readonly Contribution[]

/** The endpoints that the slices offer for a port of the Service. */
export type Candidates = (port: ServicePort, family: IpFamily) => readonly Candidate[]

/** Who had which slot and which seat in one family's table, and what ipvs held. */
export interface Memory {
  readonly slots: SlotMemory
  readonly seats: SeatMemory
  readonly destinations: DestinationMemory
}

/** Whether the endpoint is a destination of the virtual server now. */
type DestinationMemory = (server: Tuple, endpoint: Tuple) => boolean

export type FamilyMemory = (family: TableFamily) => Memory

export const noMemory: Memory = {
  slots: () => [],
  seats: () => new Map(),
  destinations: () => false,
}

interface Job {
  readonly service: ServiceObject
  readonly node: NodeView
  readonly settings: Settings
  readonly memory: FamilyMemory
  readonly out: Contribution[]
  /** One value for an endpoint, however many addresses lead to it. */
  readonly values: Map<Tuple, ElementValue>
}

/** Renders the claims that the Service has won. */
export function renderService(
  service: ServiceObject,
  claims: readonly Claim[],
  candidates: Candidates,
  node: NodeView,
  settings: Settings,
  memory: FamilyMemory,
): Fragment {
  const job: Job = { service, node, settings, memory, out: [], values: new Map() }
  const chosen = new Map<string, Chosen>()
  for (const claim of claims) {
    for (const family of claimFamilies(service, claim)) {
      const id = `${claim.port.name} ${claim.port.protocol} ${claim.port.port} ${family}`
      const endpoints = chosen.get(id) ?? chooseEndpoints(candidates(claim.port, family), node)
      chosen.set(id, endpoints)
      renderClaim(job, claim, family, aimed(job, claim, family, endpoints))
    }
  }
  openHealthCheck(job)
  return job.out
}

/** iptables alone can let in what another rule of the host's would drop. */
function openHealthCheck({ service, settings, out }: Job): void {
  const { healthCheckPort: port } = service
  if (port === undefined || settings.backend.kind !== 'iptables' || settings.scope !== 'all') return
  const value: ElementValue = { comment: healthCheckLabel(service) }
  for (const family of new Set(service.clusterAddresses.map(familyOf))) {
    const table: TableFamily = tableOf(family)
    out.push({ family: table, set: SETS.healthChecks, key: nodePortKey('tcp', port), value })
  }
}

/** The families in which a claim asks for something. */
export function claimFamilies(service: ServiceObject, claim: Claim): readonly IpFamily[] {
  if (claim.address !== undefined) return [familyOf(claim.address as Address)]
  const families = new Set(service.clusterAddresses.map(familyOf))
  return families.size > 0 ? [...families] : ['ipv4']
}

/** With `target: cluster-ip` an external address leads to the ClusterIP, whatever its endpoints. */
function aimed(job: Job, claim: Claim, family: IpFamily, chosen: Chosen): Chosen {
  if (job.settings.target === 'pods' || claim.kind === 'cluster-ip') return chosen
  const address = job.service.clusterAddresses.find((cluster) => familyOf(cluster) === family)
  if (address === undefined) return chosen
  const target: Target = { address, port: claim.port.port, local: false }
  return { all: [target], local: [target], any: true }
}

function renderClaim(job: Job, claim: Claim, family: IpFamily, chosen: Chosen): void {
  const front: Front = claim.kind === 'node-port' ? 'node-port' : 'vip'
  const table: TableFamily = tableOf(family)
  const put = (set: string, key: Tuple, value: ElementValue = NOTHING): void => {
    job.out.push({ family: table, set, key, value })
  }
  const names = setsOf(front)
  const label = { comment: claimLabel(job.service, claim) }
  const external = claim.kind !== 'cluster-ip'
  const policy = external ? job.service.externalPolicy : job.service.internalPolicy
  const insideOnly = !external && policy === 'local'
  const all = insideOnly ? chosen.local : chosen.all

  if (claim.kind === 'cluster-ip') {
    put(SETS.clusterIps, tuple(claim.address ?? ''), { comment: serviceLabel(job.service) })
  }
  if (claim.kind === 'load-balancer') restrict(job.service, job.node, claim, put)
  if (!chosen.any) {
    put(names.noEndpoints, claim.key, label)
    return
  }
  if (all.length > 0 || (external && policy === 'local')) put(names.known, claim.key, label)
  spread(job, table, front, 'all', claim.key, all, put)
  if (external && policy === 'cluster') put(names.masquerade, claim.key)
  if (policy === 'local' && chosen.local.length === 0) put(names.noLocalEndpoints, claim.key, label)
  const local = external && policy === 'local' ? chosen.local : []
  if (external && policy === 'local') {
    put(names.local, claim.key)
    spread(job, table, front, 'local', claim.key, local, put)
  }
  seat(job, table, front, claim.key, { all, local }, put)
}

/** The value of all elements that say no more than their key. */
const NOTHING: ElementValue = {}

export type Put = (set: string, key: Tuple, value?: ElementValue) => void

/** Puts the endpoints into their slots and says how many there are. */
function spread(
  job: Job,
  table: TableFamily,
  front: Front,
  reach: Reach,
  key: Tuple,
  endpoints: readonly Target[],
  put: Put,
): void {
  if (endpoints.length === 0) return
  const map = endpointsMap(front, reach)
  if (endpoints.length > 1) put(countSet(front, reach, endpoints.length), key)
  assignSlots(job.memory(table).slots(map, key), endpoints.map(endpointTuple)).forEach(
    (data, slot) => {
      put(map, tuple(key, slot), sharedValue(job, data))
    },
  )
  // A pod that reaches itself would see its own address as the client and answer past the node.
  for (const { address, local } of endpoints) {
    if (local) put(SETS.hairpin, tuple(address, address))
  }
}

/** With session affinity, gives the endpoints seats that their clients are remembered by. */
function seat(
  job: Job,
  table: TableFamily,
  front: Front,
  key: Tuple,
  endpoints: Readonly<Record<Reach, readonly Target[]>>,
  put: Put,
): void {
  const { affinity } = job.service
  if (affinity.kind === 'none') return
  const every = new Set([...endpoints.all, ...endpoints.local].map(endpointTuple))
  if (every.size === 0) return
  const seats = assignSeats(job.memory(table).seats(front, key), [...every])
  put(stickySet(front, stepFor(Math.max(...seats.values()) + 1)), key)
  for (const reach of ['all', 'local'] as const) {
    for (const data of endpoints[reach].map(endpointTuple)) {
      put(seatMap(front, reach, seats.get(data) ?? 0), key, sharedValue(job, data))
    }
  }
  const seconds = rememberedFor(affinity.seconds)
  for (const [endpoint, number] of seats) {
    const data = goTo(rememberChain(seconds, number))
    put(seatedMap(front), tuple(key, endpoint), sharedValue(job, data))
  }
}

function sharedValue({ values }: Job, data: Tuple): ElementValue {
  const value = values.get(data) ?? { data }
  values.set(data, value)
  return value
}

function endpointTuple({ address, port }: Target): Tuple {
  return tuple(address, port)
}
