import { candidatesOf } from '../../frontend/candidates.ts'
import { chooseEndpoints, type Target } from '../../frontend/choose-endpoints.ts'
import { type ClaimKind, claimsOf, distinct, NOTHING_AGAINST } from '../../frontend/claims.ts'
import { type Denial, winnerOf } from '../../frontend/denials.ts'
import { type Choice, type Frontend, frontendsOf } from '../../frontend/frontends.ts'
import { localEndpoints } from '../../frontend/local-endpoints.ts'
import { frontendText } from '../../model/frontend-id.ts'
import type { Settings, Situation } from '../../model/node.ts'
import type { AddressOrigin, ServiceObject, SliceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { ObjectStore } from '../../watch/object-store.ts'
import type { SeenNodes } from '../../watch/seen-nodes.ts'

/** A Service as seen from outside. */
export interface ServiceSummary {
  /** `namespace/name` of the Service. */
  readonly service: string
  /** RFC 3339; empty if the object has none. */
  readonly created: string
  /** The addresses that it has, such as `203.0.113.10:80/tcp`. */
  readonly addresses: readonly string[]
  /** The addresses that it asks for and does not get. */
  readonly denied: readonly DeniedAddress[]
  /** Each of both, with what becomes of a connection there. */
  readonly frontends: readonly FrontendStatus[]
  /** Its endpoints one by one; only where a single Service was asked for. */
  readonly endpointDetails?: readonly EndpointStatus[]
  /** Where its load-balancer addresses come from; null if the Service does not say it. */
  readonly origin: AddressOrigin | null
  /** The number of ready endpoints. */
  readonly endpoints: number
  /** How many of them are on this node. */
  readonly localEndpoints: number
  /** The traffic policies that are Local, under their names in a Service. */
  readonly localPolicies: readonly ('externalTrafficPolicy' | 'internalTrafficPolicy')[]
}

/** One address and port of a Service, or port of the node, on this node. */
interface FrontendStatus {
  readonly address: string
  /** The name of the Service port, or its number if it has none. */
  readonly port: string
  readonly kind: ClaimKind
  /**
   * `refuses`: nobody has endpoints; `drops`: by policy Local, as only other Nodes have some;
   * `contested`: another Service has the address; `refused`: no Service may have it.
   */
  readonly state: 'serves' | 'refuses' | 'drops' | 'contested' | 'refused'
  /** The number of endpoints that the cluster offers, and of those on this node. */
  readonly endpoints: number
  readonly localEndpoints: number
}

interface EndpointStatus {
  readonly address: string
  readonly node: string | null
  readonly state: 'ready' | 'terminating' | 'not ready'
}

interface DeniedAddress {
  readonly address: string
  /** `contested`: another Service has it; `refused`: no Service may have it. */
  readonly state: 'contested' | 'refused'
}

/** Which Services are listed, and for which Node. */
interface Asked {
  /** Undefined before a backend was started. */
  readonly settings: Settings | undefined
  readonly node: string
  /** The name of the only Service, with its namespace or without; undefined for all. */
  readonly only?: string | undefined
}

interface Denials {
  /** Returns what a Service does not get. */
  of(service: ServiceName): readonly Denial[]
}

/**
 * Returns the Services as `nodelb status` lists them, sorted by name; none before a backend was
 * started.
 */
export function serviceSummaries(
  { settings, node: name, only }: Asked,
  store: ObjectStore<SeenNodes>,
  denials: Denials,
): readonly ServiceSummary[] {
  if (settings === undefined) return []
  // The Services are listed even while their Node is gone.
  const node = store.nodes.view() ?? { name, zone: undefined, addresses: [], podCidrs: [] }
  const wanted = store.cluster().services.filter((service) => isMeant(service, only))
  const found = wanted.map((service): ServiceSummary => {
    const name = serviceName(service)
    const slices = store.slicesOf(name)
    const mine = denials.of(name)
    return {
      service: name,
      created: service.created,
      ...addressesOf(service, { settings, node }, slices, mine),
      ...(only !== undefined && { endpointDetails: endpointDetails(slices) }),
      origin: service.addressOrigin ?? null,
      endpoints: readyEndpoints(slices),
      localEndpoints: localEndpoints(slices, node.name),
      localPolicies: localPoliciesOf(service, settings),
    }
  })
  return found.sort((a, b) => (a.service < b.service ? -1 : 1))
}

/** A name alone means a Service of any namespace. */
function isMeant(service: ServiceObject, only: string | undefined): boolean {
  return only === undefined || only === service.name || only === serviceName(service)
}

/** Returns the addresses that a Service asks for, apart those that it has and those it has not. */
function addressesOf(
  service: ServiceObject,
  situation: Situation,
  slices: readonly SliceObject[],
  denials: readonly Denial[],
): Pick<ServiceSummary, 'addresses' | 'denied' | 'frontends'> {
  const denied = new Map(
    denials.map((denial): [string, DeniedAddress] => {
      const state = winnerOf(denial) === undefined ? 'refused' : 'contested'
      return [denial.key, { address: frontendText(denial.key), state }]
    }),
  )
  const claims = distinct(claimsOf(service, situation.settings, () => NOTHING_AGAINST))
  const served = claims.filter(({ key }) => !denied.has(key))
  const choice: Choice = (port, family) =>
    chooseEndpoints(candidatesOf(slices, port, family), situation.node)
  const frontends = frontendsOf(service, claims, choice, situation).map((frontend) => {
    return frontendStatus(frontend, denied.get(frontend.id)?.state)
  })
  return {
    addresses: served.map(({ key }) => frontendText(key)),
    denied: [...denied.values()],
    frontends,
  }
}

function frontendStatus(
  { id, kind, port, endpoints, unserved }: Frontend,
  denied: DeniedAddress['state'] | undefined,
): FrontendStatus {
  const all = [...endpoints.inside, ...endpoints.local]
  const state = unserved === undefined ? 'serves' : unserved === 'reject' ? 'refuses' : 'drops'
  const count = (targets: readonly Target[]): number =>
    new Set(targets.map(({ address, port: at }) => `${address} ${at}`)).size
  return {
    address: frontendText(id),
    port: port.name || String(port.port),
    kind,
    state: denied ?? state,
    endpoints: count(all),
    localEndpoints: count(all.filter(({ local }) => local)),
  }
}

/** Returns every endpoint with each of its ports, once. */
function endpointDetails(slices: readonly SliceObject[]): readonly EndpointStatus[] {
  const found = new Map<string, EndpointStatus>()
  for (const { family, ports, endpoints } of slices) {
    for (const { address, nodeName = null, ready, terminating } of endpoints) {
      const host = family === 'ipv6' ? `[${address}]` : address
      const state = ready ? 'ready' : terminating ? 'terminating' : 'not ready'
      for (const { port } of ports) {
        const text = `${host}:${port}`
        found.set(text, { address: text, node: nodeName, state })
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
}

/** The internal policy is about ClusterIPs, which are kube-proxy's in scope `load-balancer`. */
function localPoliciesOf(
  { externalPolicy, internalPolicy }: ServiceObject,
  { scope }: Settings,
): ServiceSummary['localPolicies'] {
  return [
    ...(externalPolicy === 'local' ? (['externalTrafficPolicy'] as const) : []),
    ...(internalPolicy === 'local' && scope === 'all' ? (['internalTrafficPolicy'] as const) : []),
  ]
}

/** Counts each pod once: of two families, the one with more endpoints counts. */
function readyEndpoints(slices: readonly SliceObject[]): number {
  const found = { ipv4: new Set<string>(), ipv6: new Set<string>() }
  for (const { family, endpoints } of slices) {
    for (const { address, ready } of endpoints) if (ready) found[family].add(address)
  }
  return Math.max(found.ipv4.size, found.ipv6.size)
}
