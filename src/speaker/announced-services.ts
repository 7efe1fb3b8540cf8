import type { AnnouncedServices } from '../announce/service-status.ts'
import { answeredSpots, type Transition } from '../announce/transition-state.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { TellSpeaker } from './news.ts'
import type { Outlook } from './outlook.ts'

interface ServicesListener {
  readonly tell: TellSpeaker
  /** Gets all Services that have an address which this node announces, whenever that changes. */
  readonly changed: (services: AnnouncedServices) => void
}

/** Follows which Services have an address that this node announces, and on which interfaces. */
export class ServicesAnnounced {
  readonly #listener: ServicesListener
  #services: AnnouncedServices = new Map()
  #text = ''

  constructor(listener: ServicesListener) {
    this.#listener = listener
  }

  /** Looks at what this node does now. */
  follow(state: Transition, outlook: Outlook): void {
    const services = announcedServices(state, outlook)
    const text = JSON.stringify([...services])
    if (text === this.#text) return
    const before = this.#services
    this.#services = services
    this.#text = text
    const { tell, changed } = this.#listener
    for (const service of services.keys()) {
      if (!before.has(service)) tell({ event: 'service-announced', service })
    }
    for (const service of before.keys()) {
      if (!services.has(service)) tell({ event: 'service-not-announced', service })
    }
    changed(services)
  }
}

/** Interfaces are named only if advertisements restrict them, as under MetalLB. */
function announcedServices(
  state: Transition,
  { announcements, eligibility }: Outlook,
): AnnouncedServices {
  const found = new Map<ServiceName, Set<string>>()
  const restricted = new Set(
    eligibility.addresses
      .filter(({ candidates }) => candidates.get(state.settings.node)?.interfaces !== undefined)
      .map(({ address }) => address),
  )
  for (const { address, interface: name } of answeredSpots(state)) {
    for (const service of announcements.get(address)?.services ?? []) {
      const interfaces = found.get(service) ?? new Set()
      if (restricted.has(address)) interfaces.add(name)
      found.set(service, interfaces)
    }
  }
  return new Map([...found].map(([service, names]) => [service, [...names].sort()]))
}
