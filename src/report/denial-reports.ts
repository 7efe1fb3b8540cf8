import { type Denial, MOST_TOLD, reasonOf, winnerOf } from '../frontend/denials.ts'
import { frontendText } from '../model/frontend-id.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Occurrence } from './events/occurrence.ts'

type Denials = ReadonlyMap<ServiceName, readonly Denial[]>

/** Tells which addresses Services do not get, and when that is over. */
export class DenialReports {
  readonly #tell: (occurrence: Occurrence) => void
  /** What each Service does not get. */
  readonly #denied: Map<ServiceName, readonly Denial[]> = new Map()

  constructor(tell: (occurrence: Occurrence) => void) {
    this.#tell = tell
  }

  /** Takes all denials of a session that begins; what it does not deny is settled. */
  started(denials: Denials): void {
    const settled = [...this.#denied.keys()].filter((name) => !denials.has(name))
    this.changed(new Map([...denials, ...settled.map((name) => [name, []] as const)]))
  }

  /** Takes the denials of the Services whose denials may have changed. */
  changed(denials: Denials): void {
    for (const [service, mine] of denials) this.#changed(service, mine)
  }

  /** Returns what a Service does not get. */
  of(service: ServiceName): readonly Denial[] {
    return this.#denied.get(service) ?? []
  }

  /**
   * Reports the denials of a Service. It may be denied thousands of addresses, so only a few are
   * reported, with the number of the others.
   */
  #changed(service: ServiceName, denials: readonly Denial[]): void {
    const shown = denials.slice(0, MOST_TOLD)
    for (const denial of shown) this.#tell(occurrenceOf(denial))
    for (const { key } of this.of(service).slice(0, MOST_TOLD)) {
      if (shown.some((denial) => denial.key === key)) continue
      this.#tell({ event: 'address-settled', service, address: frontendText(key) })
    }
    const more = denials.length - shown.length
    if (more > 0) this.#tell({ event: 'more-addresses-denied', service, addresses: more })
    else this.#tell({ event: 'no-more-addresses-denied', service })
    if (denials.length > 0) this.#denied.set(service, denials)
    else this.#denied.delete(service)
  }
}

function occurrenceOf(denial: Denial): Occurrence {
  const { service } = denial
  const address = frontendText(denial.key)
  const winner = winnerOf(denial)
  return winner === undefined
    ? { event: 'address-refused', service, address, reason: reasonOf(denial) }
    : { event: 'address-contested', service, address, winner }
}
