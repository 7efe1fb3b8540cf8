import { ApiClient } from '../../../src/watch/api/client.ts'
import { reflect } from '../../../src/watch/reflector.ts'
import { Waiting } from '../../support/waiting.ts'
import type { ApiServer } from './apiserver.ts'
import { type Breach, conflicts, judge, type Witness } from './status-rules.ts'

/**
 * Follows the statuses of all Services the whole time, and notes each breach: an address that two
 * Services have at once which may not share it, and an address that was taken from a Service which
 * had not asked for it.
 */
export class StatusChecker {
  readonly breaches: Breach[] = []
  readonly #services: Map<string, Witness> = new Map()
  readonly #client: ApiClient
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  readonly #news = new Waiting()
  #changes = 0

  constructor(server: ApiServer) {
    this.#client = new ApiClient({ kind: 'kubeconfig', file: server.kubeconfig() }, 'checker')
    this.#ended = reflect({
      client: this.#client,
      resource: 'all-services',
      node: undefined,
      sink: (event) => {
        if (event.kind === 'object') this.#see(event.object)
        if (event.kind === 'deleted') this.#services.delete(`${event.namespace}/${event.name}`)
        this.#news.wake()
      },
      onState: () => undefined,
      onGarbage: () => undefined,
      signal: this.#abort.signal,
    })
  }

  /** How often a status was seen to change. */
  get changes(): number {
    return this.#changes
  }

  addressesOf(service: string): readonly string[] {
    return this.#services.get(service)?.addresses ?? []
  }

  /** Returns the Services that have an address. */
  served(): readonly string[] {
    return [...this.#services].filter(([, { addresses }]) => addresses.length > 0).map(first)
  }

  /** Returns which Services have an address together now that may not share it. */
  conflicts(): readonly string[] {
    return conflicts(this.#services)
  }

  /** Resolves when this holds, now or after the next changes of Services. */
  async until(holds: () => boolean): Promise<void> {
    await this.#news.until(() => holds() || undefined)
  }

  async end(): Promise<void> {
    this.#abort.abort()
    await this.#ended
    this.#client.close()
  }

  // biome-ignore lint/suspicious/noExplicitAny: a Service, as the API server has it
  #see(object: any): void {
    const name = `${object.metadata.namespace}/${object.metadata.name}`
    const before = this.addressesOf(name)
    const { witness, breaches } = judge(this.#services, name, object)
    this.#services.set(name, witness)
    this.breaches.push(...breaches)
    if (before.join() !== witness.addresses.join()) this.#changes += 1
  }
}

function first([name]: readonly [string, unknown]): string {
  return name
}
