import type { Target } from '../../frontend/choose-endpoints.ts'
import { endpointsByPolicy, type Frontend, type ServedService } from '../../frontend/frontends.ts'
import { frontendLabel, serviceLabel } from '../../frontend/labels.ts'
import { type Address, familyOf } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import { type TableFamily, tableOf } from '../../model/family.ts'
import { type FrontendId, vipKey } from '../../model/frontend-id.ts'
import type { Scheduler } from '../../model/ipvs.ts'
import type { ServiceObject } from '../../model/service.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { IPVS_SETS, serverValue, weightValue } from '../../ruleset/ipvs/elements.ts'
import { destinationKey, serverIdOf } from '../../ruleset/ipvs/types.ts'
import { SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import {
  type Contribution,
  type EmitContext,
  emitAddress,
  type Fragment,
  type Put,
} from '../nftables/emit.ts'
import { isNodeAddress } from './claims.ts'
import { schedulerFlags, sparesQuiet, weightOf } from './schedulers.ts'

interface Job extends EmitContext {
  readonly service: ServiceObject
  readonly scheduler: Scheduler
  readonly out: Contribution[]
}

/**
 * Returns virtual servers, their destinations, addresses for the dummy interface, and what the
 * table beside ipvs has to know of them.
 */
export function emitIpvs({ service, frontends }: ServedService, context: EmitContext): Fragment {
  const scheduler = service.scheduler ?? ipvsOf(context.settings).scheduler
  const job: Job = { ...context, service, scheduler, out: [] }
  for (const frontend of frontends) emitFrontend(job, frontend)
  return job.out
}

function emitFrontend(job: Job, frontend: Frontend): void {
  const { service, out, settings } = job
  const { id, family, policy, external, unserved } = frontend
  const table: TableFamily = tableOf(family)
  const put: Put = (set, key, value = NOTHING) => {
    out.push({ family: table, set, key, value })
  }
  const names = setsOf('vip')
  const label: ElementValue = { comment: frontendLabel(service, frontend) }

  emitAddress(service, frontend, put)
  const served = serve(job, table, frontend, put)
  if (served) openHealthCheck(service, frontend, put)
  if (unserved === 'reject') put(names.noEndpoints, id, label)
  if (served || unserved !== 'reject') put(names.known, id, label)
  if (unserved === 'reject') return
  if (unserved === 'drop') put(names.noLocalEndpoints, id, label)
  if (external && policy === 'cluster') put(names.masquerade, id)
  if (external && policy === 'local') passLocalPolicy(job, frontend, put)
  if (settings.scope === 'load-balancer' && served) {
    put(SETS.reserved, id, { data: endpointOf(frontend) })
  }
}

/** The value of all elements that say no more than their key. */
const NOTHING: ElementValue = {}

/** Puts a virtual server with its destinations; returns false if there is none to send to. */
function serve(job: Job, table: TableFamily, frontend: Frontend, put: Put): boolean {
  const { service, scheduler, node } = job
  const { id, kind, address = '' } = frontend
  const wanted = endpointsByPolicy(frontend)
  const quiet = quietTargets(job, table, frontend, wanted)
  if (wanted.length + quiet.length === 0) return false
  put(
    IPVS_SETS.servers,
    id,
    serverValue(
      {
        scheduler,
        schedulerFlags: schedulerFlags(scheduler),
        persistence: service.affinity.kind === 'none' ? undefined : service.affinity.seconds,
      },
      frontendLabel(service, frontend),
    ),
  )
  const weight = weightValue(weightOf(scheduler))
  for (const target of wanted) put(IPVS_SETS.destinations, destination(id, target), weight)
  for (const target of quiet) put(IPVS_SETS.destinations, destination(id, target), QUIET)
  // A pod that reaches itself would see its own address as the client and answer past the node. The
  // node's own connections are masqueraded anyhow; those within the node must not be.
  for (const { address, local } of [...wanted, ...quiet]) {
    if (local && !isNodeAddress(node, address)) put(SETS.hairpin, tuple(address, address))
  }
  if (isNodeAddress(node, address as Address)) return true
  put(IPVS_SETS.addresses, tuple(address))
  if (kind !== 'cluster-ip') put(SETS.boundAddresses, tuple(address))
  return true
}

const QUIET: ElementValue = weightValue(0)

/**
 * Returns endpoints that get no new connections but may have old ones: those that terminate, and
 * those that were chosen until now and still exist. UDP has no connections to finish.
 */
function quietTargets(
  job: Job,
  table: TableFamily,
  { id, port: { protocol }, policy, endpoints }: Frontend,
  wanted: readonly Target[],
): readonly Target[] {
  if (protocol === 'udp' || !sparesQuiet(job.scheduler)) return []
  const taken = new Set(wanted.map(destinationKey))
  const { destinations } = job.memory(table)
  const quiet = new Map<Tuple, Target>()
  for (const { endpoint, port } of endpoints.offered) {
    const target = { address: endpoint.address, port, local: endpoint.nodeName === job.node.name }
    const key = destinationKey(target)
    if (taken.has(key)) continue
    const leaves = endpoint.terminating && (target.local || policy === 'cluster')
    if (leaves || destinations(id, key)) quiet.set(key, target)
  }
  return [...quiet.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
}

function destination(id: FrontendId, target: Target): Tuple {
  return tuple(id, destinationKey(target))
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
