import type { AnnouncedAddress } from '../../announce/bgp/announced.ts'
import type { AnnouncedServices } from '../../announce/service-status.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { TellBgp } from './news.ts'

interface ServicesListener {
  readonly tell: TellBgp
  /** Gets all Services that FRR announces, each with the names of its peers, whenever that changes. */
  readonly changed: (services: AnnouncedServices) => void
}

/** Reports which Services FRR announces to which peers, whenever that changes. */
export class ServiceNews {
  readonly #listener: ServicesListener
  /** Undefined until FRR was read for the first time. */
  #peers: AnnouncedServices | undefined

  constructor(listener: ServicesListener) {
    this.#listener = listener
  }

  /**
   * Takes what FRR was found to announce now, and what it was found to announce before it was last told of
   * anything: after a start of the agent that is what an earlier process had it announce.
   */
  announced(now: readonly AnnouncedAddress[], before: readonly AnnouncedAddress[] = []): void {
    const { tell, changed } = this.#listener
    const former = this.#peers
    const earlier = former ?? peersOf(before)
    const peers = peersOf(now)
    this.#peers = peers
    for (const [service, names] of peers) {
      if (former?.get(service)?.join() === names.join()) continue
      const began = !earlier.has(service)
      tell({ event: 'bgp-service-announced', service, peers: names, began })
    }
    for (const service of earlier.keys()) {
      if (!peers.has(service)) tell({ event: 'bgp-service-not-announced', service })
    }
    if (former === undefined || JSON.stringify([...former]) !== JSON.stringify([...peers])) {
      changed(peers)
    }
  }
}

function peersOf(announced: readonly AnnouncedAddress[]): AnnouncedServices {
  const found = new Map<ServiceName, Set<string>>()
  for (const { service, peer } of announced) {
    found.set(service, (found.get(service) ?? new Set()).add(peer))
  }
  return new Map([...found].map(([service, peers]) => [service, [...peers].sort()]))
}
