import type { Protocol } from '../../model/address.ts'
import type { SliceObject } from '../../model/service.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import type { Ruleset } from '../../ruleset/nftables/types.ts'
import { byFront, chosenEndpoints, frontId, type StillServes, type TouchedFront } from './stale.ts'

/** Endpoints of one Service that serve, `address . port`: terminating or not, chosen or not. */
export function servingEndpoints(
  slices: readonly SliceObject[],
  protocol: Protocol,
): ReadonlySet<Tuple> {
  const found = new Set<Tuple>()
  for (const { ports, endpoints } of slices) {
    const serving = endpoints.filter(({ ready, serving }) => ready || serving)
    for (const { port } of ports.filter((offered) => offered.protocol === protocol)) {
      for (const { address } of serving) found.add(tuple(address, port))
    }
  }
  return found
}

/** What the objects of the cluster say, now. */
interface ClusterView {
  /** `namespace/name` of the Service that has the front; undefined where none has. */
  ownerOf(front: TouchedFront): string | undefined
  /** See `servingEndpoints`. */
  servingOf(service: string, protocol: Protocol): ReadonlySet<Tuple>
}

interface Lingering {
  readonly front: TouchedFront
  readonly owner: string
  readonly endpoints: ReadonlySet<Tuple>
}

/**
 * Endpoints that get no new flows but serve those they have: terminating ones, and those that
 * topology or policy left out. When one ends, the rules do not change any more, so it has to be
 * remembered whose flows are to be looked at then.
 */
export class LingeringEndpoints {
  readonly #cluster: ClusterView
  readonly #byFront: Map<string, Lingering> = new Map()
  readonly #byOwner: Map<string, Set<string>> = new Map()

  constructor(cluster: ClusterView) {
    this.#cluster = cluster
  }

  /** For `cleanFlows`. */
  readonly stillServes: StillServes = (front, endpoint) =>
    this.#byFront.get(frontId(front))?.endpoints.has(endpoint) ?? false

  /**
   * The fronts to clean after a commit: of those that it touched, and of those where endpoints
   * lingered and whose Service changed, the ones that lost somebody.
   */
  follow(
    touched: readonly TouchedFront[],
    changedServices: Iterable<string>,
    after: Ruleset,
  ): readonly TouchedFront[] {
    const waiting = [...changedServices].flatMap((service) => [
      ...(this.#byOwner.get(service) ?? []),
    ])
    const first = new Set(touched.filter(({ gone }) => gone.size === 0).map(frontId))
    const known = [...waiting, ...touched.map(frontId)].flatMap((id) => this.#take(id))
    return [...byFront([...known, ...touched]).values()].filter((front) => {
      const chosen = chosenEndpoints(after[front.family], front)
      this.#remember(front, chosen)
      const serves = (endpoint: Tuple): boolean =>
        chosen.has(endpoint) || this.stillServes(front, endpoint)
      return first.has(frontId(front)) || ![...front.gone].every(serves)
    })
  }

  /** Forgets who lingered at a front, and tells: they are gone unless they are remembered again. */
  #take(id: string): TouchedFront[] {
    const lingering = this.#byFront.get(id)
    if (lingering === undefined) return []
    const { front, owner, endpoints } = lingering
    this.#byFront.delete(id)
    const others = this.#byOwner.get(owner)
    others?.delete(id)
    if (others?.size === 0) this.#byOwner.delete(owner)
    return [{ ...front, gone: endpoints }]
  }

  #remember(front: TouchedFront, chosen: ReadonlySet<Tuple>): void {
    const owner = this.#cluster.ownerOf(front)
    if (owner === undefined) return
    const serving = [...this.#cluster.servingOf(owner, front.protocol)]
    const endpoints = new Set(serving.filter((endpoint) => !chosen.has(endpoint)))
    if (endpoints.size === 0) return
    const id = frontId(front)
    this.#byFront.set(id, { front, owner, endpoints })
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? new Set()).add(id))
  }
}
