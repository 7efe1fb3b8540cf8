import type {
  FrontendChange,
  FrontendName,
  ServedFrontends,
} from '../../frontend/frontend-change.ts'
import type { Address, Protocol } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { frontendAddress, nodePortKey, vipKey } from '../../model/frontend-id.ts'
import type { Tuple } from '../../model/tuple.ts'

/**
 * Whether TCP connections to an endpoint that is gone are forgotten too: then the endpoint to which
 * their next packet goes answers with a reset. UDP and SCTP flows are always forgotten.
 */
export type TcpFlows = 'keep' | 'reset'

/** A frontend that a commit led elsewhere. */
export interface TouchedFrontend extends FrontendName {
  readonly protocol: Protocol
  readonly port: number
  /** Endpoints that the commit took away. */
  readonly gone: ReadonlySet<Tuple>
}

/** A flow in conntrack, as far as it matters here. */
export interface Flow {
  readonly family: TableFamily
  readonly protocol: Protocol
  /** The address to which the client sent it. */
  readonly destination: Address
  readonly port: number
  /** The endpoint that answers, `address . port`, or the destination if nothing was translated. */
  readonly answerer: Tuple
}

/**
 * Returns the frontends whose flows have to be looked at. There are none if endpoints were only
 * added, because flows stay where they are. But if there was no endpoint before, flows bypassed the
 * frontend then.
 */
export function touchedFrontends(
  changes: readonly FrontendChange[],
  tcp: TcpFlows,
): readonly TouchedFrontend[] {
  const touched = changes.flatMap((change) => {
    const { before, after } = change
    const gone = new Set([...before.endpoints].filter((each) => !after.endpoints.has(each)))
    const isTouched = gone.size > 0 || before.endpoints.size === 0 || isPassedOn(change)
    return isTouched ? touchedAt(change, gone, tcp) : []
  })
  return [...byFrontend(touched).values()]
}

/** The new Service may have the same endpoints, but not the same lingering ones. */
function isPassedOn({ before, after }: FrontendChange): boolean {
  return before.label !== undefined && after.label !== undefined && before.label !== after.label
}

/** Returns every frontend, as after a start, when it is unknown which flows went stale before. */
export function allFrontends(served: ServedFrontends, tcp: TcpFlows): readonly TouchedFrontend[] {
  return [...served.all()].flatMap((frontend) => touchedAt(frontend, new Set(), tcp))
}

function touchedAt(
  { family, id }: FrontendName,
  gone: ReadonlySet<Tuple>,
  tcp: TcpFlows,
): readonly TouchedFrontend[] {
  const { protocol, port } = frontendAddress(id)
  return protocol === 'tcp' && tcp === 'keep' ? [] : [{ family, id, protocol, port, gone }]
}

/** Returns whether a flow has to go; node ports answer on `local`, this machine's addresses. */
export type FlowJudge = (flow: Flow, served: ServedFrontends, local: ReadonlySet<string>) => boolean

/** Returns whether an endpoint without new flows serves those it has (plan/flows/lingering.ts). */
export type StillServes = (frontend: FrontendName, endpoint: Tuple) => boolean

/**
 * Returns a judge of flows. As in kube-proxy's pkg/proxy/conntrack/cleanup.go, a flow stays with an
 * endpoint that still serves, whatever traffic policy, topology and termination say about new
 * flows. Unlike there, flows of a frontend without endpoints are forgotten too, but only those to
 * endpoints that it lost. `served` has to be the latest state, since a newer commit may have
 * brought the endpoint back.
 */
export function flowJudge(
  touched: readonly TouchedFrontend[],
  stillServes: StillServes = () => false,
): FlowJudge {
  const frontends = byFrontend(touched)
  const isStale = (
    frontend: TouchedFrontend,
    answerer: Tuple,
    served: ServedFrontends,
  ): boolean => {
    const chosen = served.endpoints(frontend)
    if (chosen.has(answerer) || stillServes(frontend, answerer)) return false
    return chosen.size > 0 || frontend.gone.has(answerer)
  }
  return ({ family, protocol, destination, port, answerer }, served, local) => {
    const vip: FrontendName = { family, id: vipKey(destination, protocol, port) }
    const own = frontends.get(nameOf(vip))
    if (own !== undefined) return isStale(own, answerer, served)
    const nodePort = frontends.get(nameOf({ family, id: nodePortKey(protocol, port) }))
    if (nodePort === undefined || !local.has(destination)) return false
    // The rules look for a VIP first.
    if (served.has(vip) || !served.answersNodePorts(family, destination)) return false
    return isStale(nodePort, answerer, served)
  }
}

/** Returns a name that no other frontend has: a VIP has more fields than a node port. */
export function nameOf({ family, id }: FrontendName): string {
  return `${family} ${id}`
}

/** Returns each frontend once, with all endpoints that it lost. */
export function byFrontend(
  touched: readonly TouchedFrontend[],
): ReadonlyMap<string, TouchedFrontend> {
  const frontends = new Map<string, TouchedFrontend>()
  for (const frontend of touched) {
    const name = nameOf(frontend)
    const gone = new Set([...(frontends.get(name)?.gone ?? []), ...frontend.gone])
    frontends.set(name, { ...frontend, gone })
  }
  return frontends
}
