import { claimsOf, NOTHING_AGAINST } from '../../frontend/claims.ts'
import type { Settings } from '../../model/node.ts'
import type { SliceObject } from '../../model/service.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { ObjectStore } from '../../watch/object-store.ts'

/** What a Service asks for, and what leads there. */
interface Asked {
  /** Its pairs of address and port, and its node ports. */
  readonly frontends: number
  readonly ready: number
  readonly notReady: number
}

/** The Services that ask for something on a node, and how many endpoints they have. */
export interface ServiceTotals {
  readonly services: number
  readonly frontends: number
  /** How many frontends there are of each Service that has no ready endpoint. */
  readonly withoutEndpoints: ReadonlyMap<ServiceName, number>
  /** Endpoints, each once however many ports it has. */
  readonly ready: number
  readonly notReady: number
}

/**
 * Counts Services, frontends and endpoints. What changed is counted again when it is asked for, so that
 * neither a change nor a scrape visits all Services.
 */
export class ServiceCounts {
  readonly #store: Pick<ObjectStore, 'service' | 'slicesOf'>
  readonly #settings: () => Settings | undefined
  readonly #changed: Set<ServiceName> = new Set()
  readonly #asked: Map<ServiceName, Asked> = new Map()
  readonly #withoutEndpoints: Map<ServiceName, number> = new Map()
  readonly #sums = { frontends: 0, ready: 0, notReady: 0 }

  constructor(
    store: Pick<ObjectStore, 'service' | 'slicesOf'>,
    settings: () => Settings | undefined,
  ) {
    this.#store = store
    this.#settings = settings
  }

  /** Notes that a Service or its endpoints changed. */
  changed(name: ServiceName): void {
    this.#changed.add(name)
  }

  /** Returns the present totals. */
  totals(): ServiceTotals {
    for (const name of this.#changed) this.#count(name)
    this.#changed.clear()
    return {
      ...this.#sums,
      services: this.#asked.size,
      withoutEndpoints: this.#withoutEndpoints,
    }
  }

  #count(name: ServiceName): void {
    this.#add(this.#asked.get(name), -1)
    this.#asked.delete(name)
    this.#withoutEndpoints.delete(name)
    const asked = this.#askedBy(name)
    if (asked === undefined) return
    this.#add(asked, 1)
    this.#asked.set(name, asked)
    if (asked.ready === 0) this.#withoutEndpoints.set(name, asked.frontends)
  }

  #add(asked: Asked | undefined, by: 1 | -1): void {
    if (asked === undefined) return
    this.#sums.frontends += by * asked.frontends
    this.#sums.ready += by * asked.ready
    this.#sums.notReady += by * asked.notReady
  }

  /** Returns undefined for a Service that asks for nothing on a node. */
  #askedBy(name: ServiceName): Asked | undefined {
    const [service, settings] = [this.#store.service(name), this.#settings()]
    if (service === undefined || settings === undefined) return undefined
    const frontends = claimsOf(service, settings, () => NOTHING_AGAINST).length
    return frontends === 0 ? undefined : { frontends, ...endpointsIn(this.#store.slicesOf(name)) }
  }
}

/** Counts each address once: it is ready if any slice says so. */
function endpointsIn(slices: readonly SliceObject[]): Pick<Asked, 'ready' | 'notReady'> {
  const ready = new Map<string, boolean>()
  for (const { endpoints } of slices) {
    for (const { address, ready: isReady } of endpoints) {
      ready.set(address, isReady || ready.get(address) === true)
    }
  }
  let count = 0
  for (const isReady of ready.values()) if (isReady) count++
  return { ready: count, notReady: ready.size - count }
}
