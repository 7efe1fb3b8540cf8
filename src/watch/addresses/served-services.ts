import type { Address } from '../../model/address.ts'
import type { ServiceName } from '../../model/service-name.ts'
import { readServiceStatus, type ServiceStatus } from '../service-status.ts'
import type { ObjectEvent, Sink } from '../source.ts'
import { textOf } from '../stored-value.ts'
import { replacementFor } from './given.ts'
import { withIngress } from './with-ingress.ts'

/** The addresses of a Service; undefined if its status stays as it is in the manifest. */
type Addresses = readonly Address[] | undefined

interface Served {
  readonly event: ObjectEvent
  readonly status: ServiceStatus
  /** What was passed on last; undefined if nothing was yet. */
  passed: { readonly addresses: Addresses; readonly replacement: string | undefined } | undefined
}

/** The Services that may get other addresses than their manifests have, as they are passed on. */
export class ServedServices {
  readonly #sink: Sink
  readonly #services: Map<ServiceName, Served> = new Map()

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /**
   * Takes a Service as it is now in its manifest. One that was passed on before is passed on at
   * once, with the addresses that it had; returns false if another one waits for `settle`.
   */
  take(name: ServiceName, event: ObjectEvent): boolean {
    const passed = this.#services.get(name)?.passed
    const served = { event, status: readServiceStatus(event.object), passed: undefined }
    this.#services.set(name, served)
    if (passed !== undefined) this.#pass(served, passed.addresses)
    return passed !== undefined
  }

  /** Passes on one Service that waits. */
  pass(name: ServiceName, addresses: Addresses): void {
    const served = this.#services.get(name)
    if (served !== undefined) this.#pass(served, addresses)
  }

  /** Returns the addresses that were last passed on in place of those of the manifest. */
  addressesOf(name: ServiceName): Addresses {
    return this.#services.get(name)?.passed?.addresses
  }

  /** Forgets a Service that is gone, or that keeps the status of its manifest. */
  forget(name: ServiceName): void {
    this.#services.delete(name)
  }

  /** Passes on all Services that have other addresses than before, and those that wait. */
  settle(addressesOf: (name: ServiceName) => Addresses): void {
    for (const [name, served] of this.#services) this.#pass(served, addressesOf(name))
  }

  #pass(served: Served, addresses: Addresses): void {
    const { event, status, passed } = served
    const replacement = addresses && replacementFor(status, addresses)
    const text = textOf(replacement)
    const isSame = passed !== undefined && passed.replacement === text
    served.passed = { addresses, replacement: text }
    if (isSame) return
    const object = replacement ? withIngress(event.object, replacement) : event.object
    this.#sink({ ...event, object })
  }
}
