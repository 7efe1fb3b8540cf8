import { type Address, familyOf, type IpFamily } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import { type TableFamily, tableOf } from '../../model/family.ts'
import type { Scheduler } from '../../model/ipvs.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import type { ServiceObject } from '../../model/service.ts'
import { IPVS_SETS, serverValue, weightValue } from '../../ruleset/ipvs/elements.ts'
import { destinationKey, serverIdOf } from '../../ruleset/ipvs/types.ts'
import { SETS, setsOf, tuple, vipKey } from '../../ruleset/nftables/sets.ts'
import type { ElementValue, Tuple } from '../../ruleset/nftables/types.ts'
import {
  type Candidate,
  type Chosen,
  chooseEndpoints,
  distinct,
  type Target,
} from '../choose-endpoints.ts'
import type { Claim } from '../claims.ts'
import { claimLabel, serviceLabel } from '../labels.ts'
import type { Candidates, Contribution, FamilyMemory, Fragment, Put } from '../nftables/fragment.ts'
import { restrict } from '../nftables/source-ranges.ts'
import { isNodeAddress } from './claims.ts'
import { schedulerFlags, sparesQuiet, weightOf } from './schedulers.ts'

interface Job {
  readonly service: ServiceObject
  readonly node: NodeView
  readonly settings: Settings
  readonly scheduler: Scheduler
  readonly memory: FamilyMemory
  readonly out: Contribution[]
}

/** What a claim leads to. */
interface Aim {
  readonly claim: Claim
  readonly family: IpFamily
  readonly candidates: readonly Candidate[]
  readonly chosen: Chosen
}

/**
 * Renders the claims that the Service has won: virtual servers, their destinations, addresses for
 * the dummy interface, and what the table beside ipvs has to know of them.
 */
export function renderIpvsService(
  service: ServiceObject,
  claims: readonly Claim[],
  candidates: Candidates,
  node: NodeView,
  settings: Settings,
  memory: FamilyMemory,
): Fragment {
  const scheduler = service.scheduler ?? ipvsOf(settings).scheduler
  const job: Job = { service, node, settings, scheduler, memory, out: [] }
  const aims = new Map<string, Omit<Aim, 'claim'>>()
  for (const claim of claims) {
    const family = familyOf(claim.address as Address)
    const id = `${claim.port.name} ${claim.port.protocol} ${claim.port.port} ${family}`
    let aim = aims.get(id)
    if (aim === undefined) {
      const offered = candidates(claim.port, family)
      aim = { family, candidates: offered, chosen: chooseEndpoints(offered, node) }
      aims.set(id, aim)
    }
    renderClaim(job, { ...aim, claim })
  }
  return job.out
}

function renderClaim(job: Job, aim: Aim): void {
  const { service, out } = job
  const { claim, family, chosen } = aim
  const table: TableFamily = tableOf(family)
  const put: Put = (set, key, value = NOTHING) => {
    out.push({ family: table, set, key, value })
  }
  const names = setsOf('vip')
  const label: ElementValue = { comment: claimLabel(service, claim) }
  const external = claim.kind !== 'cluster-ip'
  const policy = external ? service.externalPolicy : service.internalPolicy
  const wanted = policy === 'local' ? chosen.local : chosen.all

  if (!external)
    put(SETS.clusterIps, tuple(claim.address ?? ''), { comment: serviceLabel(service) })
  if (claim.kind === 'load-balancer') restrict(service, job.node, claim, put)
  const served = serve(job, table, aim, wanted, policy === 'local', put)
  if (served) openHealthCheck(service, claim, put)
  if (!chosen.any) put(names.noEndpoints, claim.key, label)
  if (served || chosen.any) put(names.known, claim.key, label)
  if (!chosen.any) return
  if (wanted.length === 0) put(names.noLocalEndpoints, claim.key, label)
  if (external && policy === 'cluster') put(names.masquerade, claim.key)
  if (external && policy === 'local') passLocalPolicy(job, aim, put)
  if (job.settings.scope === 'load-balancer' && served) {
    put(SETS.reserved, claim.key, { data: endpointOf(claim) })
  }
}

/** The value of all elements that say no more than their key. */
const NOTHING: ElementValue = {}

/** A virtual server with its destinations; false where there is none to send anything to. */
function serve(
  job: Job,
  table: TableFamily,
  aim: Aim,
  wanted: readonly Target[],
  localOnly: boolean,
  put: Put,
): boolean {
  const { service, scheduler, node } = job
  const { claim } = aim
  const quiet = quietTargets(job, table, aim, wanted, localOnly)
  if (wanted.length + quiet.length === 0) return false
  put(
    IPVS_SETS.servers,
    claim.key,
    serverValue(
      {
        scheduler,
        schedulerFlags: schedulerFlags(scheduler),
        persistence: service.affinity.kind === 'none' ? undefined : service.affinity.seconds,
      },
      claimLabel(service, claim),
    ),
  )
  const weight = weightValue(weightOf(scheduler))
  for (const target of wanted) put(IPVS_SETS.destinations, destination(claim, target), weight)
  for (const target of quiet) put(IPVS_SETS.destinations, destination(claim, target), QUIET)
  // A pod that reaches itself would see its own address as the client and answer past the node. The
  // node's own connections are masqueraded anyhow, those within it must not be.
  for (const { address, local } of [...wanted, ...quiet]) {
    if (local && !isNodeAddress(node, address)) put(SETS.hairpin, tuple(address, address))
  }
  if (isNodeAddress(node, claim.address as Address)) return true
  put(IPVS_SETS.addresses, tuple(claim.address ?? ''))
  if (claim.kind !== 'cluster-ip') put(SETS.boundAddresses, tuple(claim.address ?? ''))
  return true
}

const QUIET: ElementValue = weightValue(0)

/**
 * Endpoints that get no new connections but may have old ones: those that terminate, and those that
 * were chosen until now and are still there. UDP has no connections to finish.
 */
function quietTargets(
  job: Job,
  table: TableFamily,
  { claim, candidates }: Aim,
  wanted: readonly Target[],
  localOnly: boolean,
): readonly Target[] {
  if (claim.port.protocol === 'udp' || !sparesQuiet(job.scheduler)) return []
  const taken = new Set(wanted.map(destinationKey))
  const { destinations } = job.memory(table)
  const quiet = new Map<Tuple, Target>()
  for (const { endpoint, port } of distinct(candidates, job.node)) {
    const target = { address: endpoint.address, port, local: endpoint.nodeName === job.node.name }
    const key = destinationKey(target)
    if (taken.has(key)) continue
    const leaves = endpoint.terminating && (target.local || !localOnly)
    if (leaves || destinations(claim.key, key)) quiet.set(key, target)
  }
  return [...quiet.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
}

function destination(claim: Claim, target: Target): Tuple {
  return tuple(claim.key, destinationKey(target))
}

/**
 * Pods and the node itself may use every endpoint: they are led to the ClusterIP, which does. Beside
 * kube-proxy there is no ClusterIP here, and they are left to it.
 */
function passLocalPolicy({ service, settings }: Job, { claim, family }: Aim, put: Put): void {
  put(setsOf('vip').local, claim.key)
  const address = service.clusterAddresses.find((cluster) => familyOf(cluster) === family)
  if (settings.scope !== 'all' || address === undefined) return
  put(SETS.shortCuts, claim.key, { data: tuple(address, claim.port.port) })
}

function endpointOf(claim: Claim): Tuple {
  const { address, port } = serverIdOf(claim.key)
  return tuple(address, port)
}

/** Balancers in front may ask for the node's health on the very address that they lead here. */
function openHealthCheck(service: ServiceObject, claim: Claim, put: Put): void {
  if (claim.kind !== 'load-balancer' || service.healthCheckPort === undefined) return
  const key = vipKey(claim.address ?? '', 'tcp', service.healthCheckPort)
  put(setsOf('vip').known, key, { comment: serviceLabel(service) })
}
