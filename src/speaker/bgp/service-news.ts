import type { BgpDecision } from '../../announce/bgp/decide.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { TellBgp } from './news.ts'

/** Reports which Services FRR announces to which peers, whenever that changes. */
export class ServiceNews {
  readonly #tell: TellBgp
  #peers: ReadonlyMap<ServiceName, readonly string[]> = new Map()

  constructor(tell: TellBgp) {
    this.#tell = tell
  }

  /** Takes what FRR was told to announce. */
  announced(decision: BgpDecision): void {
    const before = this.#peers
    this.#peers = peersOf(decision)
    for (const [service, peers] of this.#peers) {
      if (before.get(service)?.join() === peers.join()) continue
      this.#tell({ event: 'bgp-service-announced', service, peers })
    }
    for (const service of before.keys()) {
      if (!this.#peers.has(service)) this.#tell({ event: 'bgp-service-not-announced', service })
    }
  }
}

/** While all routes are taken back, nothing is announced whatever the objects say. */
function peersOf({ why, routes }: BgpDecision): ReadonlyMap<ServiceName, readonly string[]> {
  const found = new Map<ServiceName, Set<string>>()
  for (const each of routes.length === 0 ? [] : why) {
    if (each.kind !== 'announced') continue
    found.set(each.service, (found.get(each.service) ?? new Set()).add(each.peer))
  }
  return new Map([...found].map(([service, peers]) => [service, [...peers]]))
}
