import { type Dropped, type DroppedPorts, droppedByPolicy } from '../../frontend/local-policies.ts'
import type { IpFamily } from '../../model/address.ts'
import type { NodeView } from '../../model/node.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { ObjectStore } from '../../watch/object-store.ts'

/**
 * Counts the Service ports whose traffic this node drops because a policy is Local and their
 * endpoints are all on other nodes. The counts follow each change, so that a scrape need not visit
 * all Services.
 */
export class LocalPolicies {
  readonly #store: Pick<ObjectStore, 'service' | 'slicesOf'>
  readonly #node: NodeView
  /** The ports whose traffic is dropped, of those Services that have any. */
  readonly #dropped: Map<ServiceName, readonly Dropped[]> = new Map()
  readonly #counts: Record<Dropped['policy'], Record<IpFamily, number>> = {
    internal: { ipv4: 0, ipv6: 0 },
    external: { ipv4: 0, ipv6: 0 },
  }

  constructor(store: Pick<ObjectStore, 'service' | 'slicesOf'>, node: string) {
    this.#store = store
    // The name alone decides which endpoints are on the node.
    this.#node = { name: node, zone: undefined, addresses: [], podCidrs: [] }
  }

  /** Counts a Service again, after it or its endpoints changed. */
  changed(name: ServiceName): void {
    const service = this.#store.service(name)
    const dropped =
      service === undefined ? [] : droppedByPolicy(service, this.#store.slicesOf(name), this.#node)
    this.#count(this.#dropped.get(name) ?? [], -1)
    this.#count(dropped, 1)
    if (dropped.length > 0) this.#dropped.set(name, dropped)
    else this.#dropped.delete(name)
  }

  /** Returns the present counts, by policy and family. */
  counts(): DroppedPorts {
    return this.#counts
  }

  #count(dropped: readonly Dropped[], by: 1 | -1): void {
    for (const { policy, family } of dropped) this.#counts[policy][family] += by
  }
}
