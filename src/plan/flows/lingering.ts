import type { FrontendName, ServedFrontends } from '../../frontend/frontend-change.ts'
import type { SliceObject, SlicePort } from '../../model/service.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { byFrontend, nameOf, type StillServes, type TouchedFrontend } from './stale.ts'

/**
 * Returns the endpoints (`address . port`) that serve a Service's port, even terminating and
 * unchosen ones. `isOf` tells which of the slices' ports are of that Service port: another one of
 * the Service may lead to the same pods.
 */
export function servingEndpoints(
  slices: readonly SliceObject[],
  isOf: (port: SlicePort) => boolean,
): ReadonlySet<Tuple> {
  const found = new Set<Tuple>()
  for (const { ports, endpoints } of slices) {
    const serving = endpoints.filter(({ ready, serving }) => ready || serving)
    for (const { port } of ports.filter(isOf)) {
      for (const { address } of serving) found.add(tuple(address, port))
    }
  }
  return found
}

/** What the objects of the cluster say now. */
interface ClusterView {
  /** Returns `namespace/name` of the Service that has the frontend; undefined if none has. */
  ownerOf(frontend: FrontendName): string | undefined
  /** Returns what `servingEndpoints` returns for the Service's port that has the frontend. */
  servingOf(service: string, frontend: TouchedFrontend): ReadonlySet<Tuple>
}

interface Lingering {
  readonly frontend: TouchedFrontend
  readonly owner: string
  readonly endpoints: ReadonlySet<Tuple>
}

/**
 * Endpoints that get no new flows but serve those they have: terminating ones, and those that
 * topology or policy leave out. When such an endpoint ends, the rules do not change any more, so
 * this remembers which frontends' flows have to be looked at then.
 */
export class LingeringEndpoints {
  readonly #cluster: ClusterView
  readonly #byName: Map<string, Lingering> = new Map()
  readonly #byOwner: Map<string, Set<string>> = new Map()

  constructor(cluster: ClusterView) {
    this.#cluster = cluster
  }

  /** Returns whether an endpoint lingers at a frontend, for `flowJudge`. */
  readonly stillServes: StillServes = (frontend, endpoint) =>
    this.#byName.get(nameOf(frontend))?.endpoints.has(endpoint) ?? false

  /**
   * Returns the frontends to clean after a commit: those that it touched, and those of changed
   * Services where endpoints lingered, if they lost an endpoint.
   */
  follow(
    touched: readonly TouchedFrontend[],
    changedServices: Iterable<string>,
    served: ServedFrontends,
  ): readonly TouchedFrontend[] {
    const waiting = [...changedServices].flatMap((service) => [
      ...(this.#byOwner.get(service) ?? []),
    ])
    const none = touched.filter(({ gone }) => gone !== 'unknown' && gone.size === 0)
    const first = new Set(none.map(nameOf))
    const known = [...waiting, ...touched.map(nameOf)].flatMap((id) => this.#take(id))
    return [...byFrontend([...known, ...touched]).values()].filter((frontend) => {
      const chosen = served.endpoints(frontend)
      this.#remember(frontend, chosen)
      if (frontend.gone === 'unknown' || first.has(nameOf(frontend))) return true
      const serves = (endpoint: Tuple): boolean =>
        chosen.has(endpoint) || this.stillServes(frontend, endpoint)
      return ![...frontend.gone].every(serves)
    })
  }

  /** Forgets and returns what lingered at a frontend, as gone unless it is remembered again. */
  #take(id: string): TouchedFrontend[] {
    const lingering = this.#byName.get(id)
    if (lingering === undefined) return []
    const { frontend, owner, endpoints } = lingering
    this.#byName.delete(id)
    const others = this.#byOwner.get(owner)
    others?.delete(id)
    if (others?.size === 0) this.#byOwner.delete(owner)
    return [{ ...frontend, gone: endpoints }]
  }

  #remember(frontend: TouchedFrontend, chosen: ReadonlySet<Tuple>): void {
    // Connections that were translated are kept then, whatever becomes of their endpoint.
    if (frontend.flows === 'unanswered') return
    const owner = this.#cluster.ownerOf(frontend)
    if (owner === undefined) return
    const serving = [...this.#cluster.servingOf(owner, frontend)]
    const endpoints = new Set(serving.filter((endpoint) => !chosen.has(endpoint)))
    if (endpoints.size === 0) return
    const id = nameOf(frontend)
    this.#byName.set(id, { frontend, owner, endpoints })
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? new Set()).add(id))
  }
}
