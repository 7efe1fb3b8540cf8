import { compareTargets, type Target, targetOf } from '../../frontend/choose-endpoints.ts'
import { endpointsByPolicy, type Frontend, type ServedService } from '../../frontend/frontends.ts'
import { frontendLabel, serviceLabel } from '../../frontend/labels.ts'
import { type Address, familyOf } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import { type TableFamily, tableOf } from '../../model/family.ts'
import { vipKey } from '../../model/frontend-id.ts'
import type { Scheduler } from '../../model/ipvs.ts'
import type { ServiceObject } from '../../model/service.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import type { LabelledServer } from '../../ruleset/ipvs/changes.ts'
import {
  type DestinationKey,
  type RealServer,
  type ServerKey,
  serverIdOf,
  type VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import { SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { Fragment } from '../fragment.ts'
import { type Contribution, type EmitContext, emitAddress, type Put } from '../nftables/emit.ts'
import { isNodeAddress } from './claims.ts'
import { schedulerFlags, sparesQuiet, weightOf } from './schedulers.ts'

interface Job extends EmitContext {
  readonly service: ServiceObject
  readonly scheduler: Scheduler
  readonly elements: Contribution[]
  readonly servers: Map<ServerKey, LabelledServer>
  readonly addresses: Address[]
  /** Destinations that all take connections; frontends that lead to the same ones share them. */
  readonly open: Map<readonly Target[], Destinations>
}

type Destinations = VirtualServer['destinations']

/**
 * Returns virtual servers with their destinations, addresses for the dummy interface, and what the
 * table beside ipvs has to know of them.
 */
export function emitIpvs({ service, frontends }: ServedService, context: EmitContext): Fragment {
  const scheduler = service.scheduler ?? ipvsOf(context.settings).scheduler
  const job: Job = {
    ...context,
    service,
    scheduler,
    elements: [],
    servers: new Map(),
    addresses: [],
    open: new Map(),
  }
  for (const frontend of frontends) emitFrontend(job, frontend)
  const { elements, servers, addresses } = job
  return { elements, ipvs: { servers, addresses } }
}

function emitFrontend(job: Job, frontend: Frontend): void {
  const { service, elements, settings } = job
  const { id, family, policy, external, unserved } = frontend
  const table: TableFamily = tableOf(family)
  const put: Put = (set, key, value = NOTHING) => {
    elements.push({ kind: 'element', family: table, set, key, value })
  }
  const names = setsOf('vip')
  const label = frontendLabel(service, frontend)
  const labelled: ElementValue = { comment: label }

  emitAddress(service, frontend, put)
  const served = serve(job, frontend, label, put)
  if (served) openHealthCheck(service, frontend, put)
  if (unserved === 'reject') put(names.noEndpoints, id, labelled)
  if (served || unserved !== 'reject') put(names.known, id, labelled)
  if (unserved === 'reject') return
  if (unserved === 'drop') put(names.noLocalEndpoints, id, labelled)
  if (external && policy === 'cluster') put(names.masquerade, id)
  if (external && policy === 'local') passLocalPolicy(job, frontend, put)
  if (settings.scope === 'load-balancer' && served) {
    put(SETS.reserved, id, { data: endpointOf(frontend) })
  }
}

/** The value of all elements that say no more than their key. */
const NOTHING: ElementValue = {}

/** Wants a virtual server with its destinations; returns false if there is none to send to. */
function serve(job: Job, frontend: Frontend, label: string, put: Put): boolean {
  const { service, scheduler, node } = job
  const { id, kind } = frontend
  const wanted = endpointsByPolicy(frontend)
  const quiet = quietTargets(job, frontend, wanted)
  if (wanted.length + quiet.length === 0) return false
  const server: VirtualServer = {
    ...serverIdOf(id),
    scheduler,
    schedulerFlags: schedulerFlags(scheduler),
    persistence: service.affinity.kind === 'none' ? undefined : service.affinity.seconds,
    destinations: destinationsOf(job, wanted, quiet),
  }
  job.servers.set(id, { server, label })
  // A pod that reaches itself would see its own address as the client and answer past the node. The
  // node's own connections are masqueraded anyhow; those within the node must not be.
  for (const { address, local } of [...wanted, ...quiet]) {
    if (local && !isNodeAddress(node, address)) put(SETS.hairpin, tuple(address, address))
  }
  const { address } = server
  if (isNodeAddress(node, address)) return true
  job.addresses.push(address)
  if (kind !== 'cluster-ip') put(SETS.boundAddresses, tuple(address))
  return true
}

/**
 * Returns endpoints that get no new connections but may have old ones: those that terminate, and
 * those that were chosen until now and still exist. UDP has no connections to finish.
 */
function quietTargets(
  job: Job,
  { id, family, port: { protocol }, policy, endpoints }: Frontend,
  wanted: readonly Target[],
): readonly Target[] {
  if (protocol === 'udp' || !sparesQuiet(job.scheduler)) return []
  if (wanted.length === endpoints.count) return []
  const taken = new Set(wanted.map(({ tuple }) => tuple))
  const { destinations } = job.memory(tableOf(family))
  const quiet = new Map<Tuple, Target>()
  for (const { endpoint, port } of endpoints.offered()) {
    const target = targetOf(endpoint.address, port, endpoint.nodeName === job.node.name)
    const key = target.tuple
    if (taken.has(key)) continue
    const leaves = endpoint.terminating && (target.local || policy === 'cluster')
    if (leaves || destinations(id, key)) quiet.set(key, target)
  }
  return [...quiet.values()].sort(compareTargets)
}

function destinationsOf(
  { scheduler, open }: Job,
  wanted: readonly Target[],
  quiet: readonly Target[],
): Destinations {
  const weight = weightOf(scheduler)
  const known = open.get(wanted) ?? new Map(wanted.map((target) => destination(target, weight)))
  open.set(wanted, known)
  if (quiet.length === 0) return known
  return new Map([...known, ...quiet.map((target) => destination(target, 0))])
}

function destination(target: Target, weight: number): readonly [DestinationKey, RealServer] {
  const { address, port } = target
  return [target.tuple, { address, port, weight, method: 'masq' }]
}

/**
 * Leads pods and the node itself to the ClusterIP, because they may use every endpoint. Beside
 * kube-proxy there is no ClusterIP here, and they are left to kube-proxy.
 */
function passLocalPolicy(
  { service, settings }: Job,
  { id, family, port }: Frontend,
  put: Put,
): void {
  put(setsOf('vip').local, id)
  const address = service.clusterAddresses.find((cluster) => familyOf(cluster) === family)
  if (settings.scope !== 'all' || address === undefined) return
  put(SETS.shortCuts, id, { data: tuple(address, port.port) })
}

function endpointOf({ id }: Frontend): Tuple {
  const { address, port } = serverIdOf(id)
  return tuple(address, port)
}

/** Balancers in front may ask for the node's health at the address that they lead here. */
function openHealthCheck(service: ServiceObject, { kind, address }: Frontend, put: Put): void {
  if (kind !== 'load-balancer' || address === undefined) return
  if (service.healthCheckPort === undefined) return
  const key = vipKey(address, 'tcp', service.healthCheckPort)
  put(setsOf('vip').known, key, { comment: serviceLabel(service) })
}
