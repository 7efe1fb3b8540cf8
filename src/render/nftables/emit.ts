import type { Target } from '../../frontend/choose-endpoints.ts'
import type { Frontend, ServedService } from '../../frontend/frontends.ts'
import { frontendLabel, serviceLabel } from '../../frontend/labels.ts'
import { type TableFamily, tableOf } from '../../model/family.ts'
import { type FrontendId, frontendAddress } from '../../model/frontend-id.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import { present } from '../../model/present.ts'
import type { Affinity, ServiceObject } from '../../model/service.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import {
  countSet,
  endpointsMap,
  type Front,
  meteredSet,
  REACHES,
  type Reach,
  rangeOf,
  rangeSet,
  SETS,
  seatedMap,
  seatMap,
  setsOf,
  stickySet,
} from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import { goTo, rememberChain } from '../../ruleset/nftables/verdicts.ts'
import { rememberedFor } from '../remembered-times.ts'
import { assignSeats, type SeatMemory, stepFor } from './seats.ts'
import { assigningOnce, type assignSlots, NO_SLOTS, type SlotMemory, type Slots } from './slots.ts'

/**
 * What a Service wants in a set: one element, or in an endpoints map the elements of a frontend,
 * `key` with each slot.
 */
export type Contribution = Place &
  (
    | { readonly kind: 'element'; readonly value: ElementValue }
    | { readonly kind: 'slots'; readonly slots: Slots }
  )

interface Place {
  readonly family: TableFamily
  readonly set: string
  readonly key: Tuple
}

/** The slots and seats that endpoints had in one family's table, and what ipvs held. */
export interface Memory {
  readonly slots: SlotMemory
  readonly seats: SeatMemory
  readonly destinations: DestinationMemory
}

/** Returns whether the endpoint is a destination of the virtual server now. */
type DestinationMemory = (server: Tuple, endpoint: Tuple) => boolean

export type FamilyMemory = (family: TableFamily) => Memory

export const noMemory: Memory = {
  slots: () => NO_SLOTS,
  seats: () => new Map(),
  destinations: () => false,
}

/** What a backend has to know to turn the frontends of a Service into its values. */
export interface EmitContext {
  readonly node: NodeView
  readonly settings: Settings
  readonly memory: FamilyMemory
}

interface Job extends EmitContext {
  readonly service: ServiceObject
  readonly out: Contribution[]
  readonly assign: typeof assignSlots
  /** Returns one value for an endpoint, however many addresses lead to it. */
  readonly shared: (data: Tuple) => ElementValue
}

/** Returns the elements that the frontends of a Service put into the tables. */
export function emitElements(
  { service, frontends }: ServedService,
  context: EmitContext,
): readonly Contribution[] {
  const job: Job = { ...context, service, out: [], assign: assigningOnce(), shared: sharing() }
  for (const frontend of frontends) emitFrontend(job, frontend)
  return job.out
}

function sharing(): Job['shared'] {
  let values: Map<Tuple, ElementValue> | undefined
  return (data) => {
    values ??= new Map()
    const value = values.get(data) ?? { data }
    values.set(data, value)
    return value
  }
}

function emitFrontend(job: Job, frontend: Frontend): void {
  const { id, kind, policy, external, endpoints, unserved } = frontend
  const { inside, local } = endpoints
  const front: Front = kind === 'node-port' ? 'node-port' : 'vip'
  const table: TableFamily = tableOf(frontend.family)
  const put: Put = (set, key, value = NOTHING) => {
    job.out.push({ kind: 'element', family: table, set, key, value })
  }
  const putSlots: FrontendPlace['putSlots'] = (set, slots) => {
    job.out.push({ kind: 'slots', family: table, set, key: id, slots })
  }
  const names = setsOf(front)
  const label = { comment: frontendLabel(job.service, frontend) }
  const { assign, shared } = job
  const place = { front, id, memory: job.memory(table), assign, shared, put, putSlots }

  emitAddress(job.service, frontend, put)
  if (unserved === 'reject') {
    put(names.noEndpoints, id, label)
    return
  }
  const isLocal = external && policy === 'local'
  if (inside.length > 0 || isLocal) {
    put(names.known, id, label)
    const isMetered = job.settings.meterServices && !job.service.unmetered
    if (isMetered) put(meteredSet(front), id)
  }
  spread(place, 'cluster', inside)
  if (external && policy === 'cluster') put(names.masquerade, id)
  if (unserved === 'drop') put(names.noLocalEndpoints, id, label)
  if (isLocal) {
    put(names.local, id)
    spread(place, 'local', local)
  }
  seat(place, job.service.affinity, { cluster: inside, local })
}

/** Puts what holds for the address of a frontend whatever its endpoints are. */
export function emitAddress(service: ServiceObject, frontend: Frontend, put: Put): void {
  const { id, kind, address = '', sources } = frontend
  if (kind === 'cluster-ip') {
    put(SETS.clusterIps, tuple(address), { comment: serviceLabel(service) })
  }
  if (sources === undefined) return
  put(SETS.restricted, id)
  for (const interval of sources) put(SETS.allowedSources, tuple(id, interval))
}

/** The value of all elements that say no more than their key. */
const NOTHING: ElementValue = {}

export type Put = (set: string, key: Tuple, value?: ElementValue) => void

/** Where the elements of one frontend go, and what is remembered of it. */
interface FrontendPlace extends Pick<Job, 'assign' | 'shared'> {
  readonly front: Front
  readonly id: FrontendId
  readonly memory: Memory
  readonly put: Put
  readonly putSlots: (map: string, slots: Slots) => void
}

/** Puts the endpoints into their slots, and notes the number of them. */
function spread(
  { front, id, memory, assign, put, putSlots }: FrontendPlace,
  reach: Reach,
  endpoints: readonly Target[],
): void {
  if (endpoints.length === 0) return
  const map = endpointsMap(front, reach)
  const range = rangeOf(endpoints.length)
  if (range !== undefined) put(rangeSet(front, reach, range), id)
  if (endpoints.length > 1) put(countSet(front, reach, endpoints.length), id)
  putSlots(map, assign(memory.slots(map, id), endpoints))
  // A pod that reaches itself would see its own address as the client and answer past the node.
  for (const { address, local } of endpoints) {
    if (local) put(SETS.hairpin, tuple(address, address))
  }
}

/** With session affinity, gives the endpoints seats by which their clients are remembered. */
function seat(
  { front, id, memory, put, shared }: FrontendPlace,
  affinity: Affinity,
  endpoints: Readonly<Record<Reach, readonly Target[]>>,
): void {
  if (affinity.kind === 'none') return
  const targets = [...endpoints.cluster, ...endpoints.local]
  const every = new Set(targets.map(({ tuple }) => tuple))
  if (every.size === 0) return
  const own = frontendAddress(id)
  if (targets.some((target) => isAt(target, own))) put(setsOf(front).ownEndpoint, id)
  const seats = assignSeats(memory.seats(front, id), [...every])
  put(stickySet(front, stepFor(Math.max(...seats.values()) + 1)), id)
  for (const reach of REACHES) {
    for (const data of endpoints[reach].map(({ tuple }) => tuple)) {
      put(seatMap(front, reach, present(seats.get(data))), id, shared(data))
    }
  }
  const seconds = rememberedFor(affinity.seconds)
  for (const [endpoint, number] of seats) {
    put(seatedMap(front), tuple(id, endpoint), shared(goTo(rememberChain(seconds, number))))
  }
}

/** Whether the endpoint may be the very address and port that clients come to; node ports have any address. */
function isAt(target: Target, { address, port }: ReturnType<typeof frontendAddress>): boolean {
  return target.port === port && (address === undefined || target.address === address)
}
