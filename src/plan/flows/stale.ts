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
 * Whether TCP connections to an endpoint that is gone are forgotten too: the endpoint that their
 * next packet is sent to answers with a reset. UDP and SCTP flows always are.
 */
export type TcpFlows = 'keep' | 'reset'

/** A frontend that a commit led elsewhere. */
export interface TouchedFrontend extends FrontendName {
  readonly protocol: Protocol
  readonly port: number
  /** Endpoints that the commit took away. */
  readonly gone: ReadonlySet<Tuple>
}

/** A flow that conntrack knows, as far as it matters here. */
export interface Flow {
  readonly family: TableFamily
  readonly protocol: Protocol
  /** Where the client sent it. */
  readonly destination: Address
  readonly port: number
  /** Who answers, `address . port`: the destination itself where nothing was translated. */
  readonly answerer: Tuple
}

/**
 * Returns the frontends whose flows have to be looked at. None when endpoints were only added: flows
 * stay where they are, unless there was nobody to go to before (they bypassed the frontend, then).
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

/** Another Service may have the same endpoints, but not the same ones that linger. */
function isPassedOn({ before, after }: FrontendChange): boolean {
  return before.label !== undefined && after.label !== undefined && before.label !== after.label
}

/** Returns every frontend, as after a start: which flows went stale while nobody looked is not known. */
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

/** Tells whether a flow has to go. `local`: this machine's addresses, on which node ports answer. */
export type FlowJudge = (flow: Flow, served: ServedFrontends, local: ReadonlySet<string>) => boolean

/** Whether an endpoint that gets no new flows serves those it has (plan/flows/lingering.ts). */
export type StillServes = (frontend: FrontendName, endpoint: Tuple) => boolean

/**
 * As kube-proxy's pkg/proxy/conntrack/cleanup.go, a flow stays with an endpoint that still serves,
 * whatever traffic policy, topology and termination say about new ones. Unlike there, flows also
 * go where nobody serves any more, but then only those to endpoints of ours. `served` is to be the
 * latest state: a newer commit may have brought the endpoint back.
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

/** A VIP has more fields than a node port, so no two frontends are called alike. */
export function nameOf({ family, id }: FrontendName): string {
  return `${family} ${id}`
}

/** Each frontend once, with all that it lost. */
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
