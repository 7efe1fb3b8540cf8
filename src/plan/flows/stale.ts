import type {
  FrontendChange,
  FrontendName,
  ServedFrontends,
} from '../../frontend/frontend-change.ts'
import type { Address, Protocol } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { frontendAddress, nodePortKey, vipKey } from '../../model/frontend-id.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'

/**
 * Whether TCP connections to an endpoint that is gone are forgotten too: then the endpoint to which
 * their next packet goes answers with a reset. UDP and SCTP flows are always forgotten.
 */
export type TcpFlows = 'keep' | 'reset'

/**
 * Which flows of a frontend may be stale. `unanswered`: only those that bypassed the frontend and
 * that nobody has answered, as of TCP connections that are otherwise kept. A client whose SYN came
 * before the first endpoint would repeat it in vain until conntrack has forgotten it (120 s after
 * the last one, `nf_conntrack_tcp_timeout_syn_sent`).
 */
export type FlowsAtStake = 'all' | 'unanswered'

/** A frontend that a commit led elsewhere. */
export interface TouchedFrontend extends FrontendName {
  readonly protocol: Protocol
  readonly port: number
  readonly flows: FlowsAtStake
  readonly gone: GoneEndpoints
}

/**
 * The endpoints that a frontend lost. `unknown` where nothing says what it had: after a start or a
 * repair, and of one that led nowhere before, because it may have come and gone while no agent looked.
 * Then a flow may have been led to any endpoint but the present ones.
 */
type GoneEndpoints = ReadonlySet<Tuple> | 'unknown'

/** A flow in conntrack, as far as it matters here. */
export interface Flow {
  readonly family: TableFamily
  readonly protocol: Protocol
  /** The address to which the client sent it. */
  readonly destination: Address
  readonly port: number
  /** The endpoint that answers, `address . port`, or the destination if nothing was translated. */
  readonly answerer: Tuple
  /** Whether a packet has come back. */
  readonly isAnswered: boolean
}

/**
 * Returns the frontends whose flows have to be looked at. There are none if endpoints were only
 * added, because flows stay where they are. But if there was no endpoint before, flows bypassed the
 * frontend then; where TCP connections are kept, only these count.
 */
export function touchedFrontends(
  changes: readonly FrontendChange[],
  tcp: TcpFlows,
): readonly TouchedFrontend[] {
  const touched = changes.flatMap((change) => {
    const { before, after, gone } = change
    const hadNone = !before.leads
    if (isKept(change, tcp)) {
      return hadNone && after.leads ? [touchedAt(change, gone, 'unanswered')] : []
    }
    if (hadNone) return [touchedAt(change, 'unknown', 'all')]
    return gone.size > 0 || isPassedOn(change) ? [touchedAt(change, gone, 'all')] : []
  })
  return [...byFrontend(touched).values()]
}

/** The new Service may have the same endpoints, but not the same lingering ones. */
function isPassedOn({ before, after }: FrontendChange): boolean {
  return before.label !== undefined && after.label !== undefined && before.label !== after.label
}

/**
 * Returns every frontend, as after a start, when it is unknown which flows went stale before; none
 * whose TCP connections are kept. One without endpoints may have lost them while no agent looked,
 * or while another backend was in charge.
 */
export function allFrontends(served: ServedFrontends, tcp: TcpFlows): readonly TouchedFrontend[] {
  return [...served.every()]
    .filter((frontend) => !isKept(frontend, tcp))
    .map((frontend) => touchedAt(frontend, 'unknown', 'all'))
}

function isKept({ id }: FrontendName, tcp: TcpFlows): boolean {
  return tcp === 'keep' && frontendAddress(id).protocol === 'tcp'
}

function touchedAt(
  { family, id }: FrontendName,
  gone: GoneEndpoints,
  flows: FlowsAtStake,
): TouchedFrontend {
  const { protocol, port } = frontendAddress(id)
  return { family, id, protocol, port, flows, gone }
}

/** Returns whether a flow has to go; node ports answer on `local`, this machine's addresses. */
export type FlowJudge = (flow: Flow, served: ServedFrontends, local: ReadonlySet<string>) => boolean

/** Returns whether an endpoint without new flows serves those it has (plan/flows/lingering.ts). */
export type StillServes = (frontend: FrontendName, endpoint: Tuple) => boolean

/**
 * Returns a judge of flows. As in kube-proxy's pkg/proxy/conntrack/cleanup.go, a flow stays with an
 * endpoint that still serves, whatever traffic policy, topology and termination say about new
 * flows. Unlike there, flows of a frontend without endpoints are forgotten too: those to endpoints
 * that it lost, or, where these are not known, those that were translated at all. `served` has to be
 * the latest state, since a newer commit may have brought the endpoint back.
 */
export function flowJudge(
  touched: readonly TouchedFrontend[],
  stillServes: StillServes = () => false,
): FlowJudge {
  const frontends = byFrontend(touched)
  const isStale = (frontend: TouchedFrontend, flow: Flow, served: ServedFrontends): boolean => {
    const { answerer } = flow
    const chosen = served.endpoints(frontend)
    if (chosen.has(answerer) || stillServes(frontend, answerer)) return false
    if (frontend.flows === 'unanswered') return chosen.size > 0 && isInVain(flow)
    if (chosen.size > 0) return true
    return frontend.gone === 'unknown' ? !isUntranslated(flow) : frontend.gone.has(answerer)
  }
  return (flow, served, local) => {
    const { family, protocol, destination, port } = flow
    const vip: FrontendName = { family, id: vipKey(destination, protocol, port) }
    const own = frontends.get(nameOf(vip))
    if (own !== undefined) return isStale(own, flow, served)
    const nodePort = frontends.get(nameOf({ family, id: nodePortKey(protocol, port) }))
    if (nodePort === undefined || !local.has(destination)) return false
    // The rules look for a VIP first.
    if (served.has(vip) || !served.answersNodePorts(family, destination)) return false
    return isStale(nodePort, flow, served)
  }
}

/** An answered connection works: perhaps a program of this node serves it on an own address. */
function isInVain(flow: Flow): boolean {
  return !flow.isAnswered && isUntranslated(flow)
}

/** It passed by all frontends; the rules look at each of its packets. */
function isUntranslated({ destination, port, answerer }: Flow): boolean {
  return answerer === tuple(destination, port)
}

/** Returns a name that no other frontend has: a VIP has more fields than a node port. */
export function nameOf({ family, id }: FrontendName): string {
  return `${family} ${id}`
}

/** Returns each frontend once, with all endpoints that it lost and all flows that are at stake. */
export function byFrontend(
  touched: readonly TouchedFrontend[],
): ReadonlyMap<string, TouchedFrontend> {
  const frontends = new Map<string, TouchedFrontend>()
  for (const frontend of touched) {
    const name = nameOf(frontend)
    const known = frontends.get(name)
    const gone = goneOf(known?.gone ?? new Set(), frontend.gone)
    const flows = known?.flows === 'all' ? known.flows : frontend.flows
    frontends.set(name, { ...frontend, flows, gone })
  }
  return frontends
}

function goneOf(one: GoneEndpoints, other: GoneEndpoints): GoneEndpoints {
  return one === 'unknown' || other === 'unknown' ? 'unknown' : new Set([...one, ...other])
}
