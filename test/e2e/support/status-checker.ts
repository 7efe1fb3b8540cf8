import { ApiClient } from '../../../src/watch/api/client.ts'
import { reflect } from '../../../src/watch/reflector.ts'
import type { ApiServer } from './apiserver.ts'

// biome-ignore lint/suspicious/noExplicitAny: a Service, as the API server has it
type Service = any

/** A breach of what must never happen. */
export interface Breach {
  readonly what: 'given twice' | 'moved'
  readonly service: string
  readonly detail: string
}

/**
 * Follows the statuses of all Services the whole time, and notes each breach: an address that two
 * Services have at once which may not share it, and an address that was taken from a Service which
 * had not asked for it.
 */
export class StatusChecker {
  readonly breaches: Breach[] = []
  readonly #held: Map<string, Service> = new Map()
  readonly #client: ApiClient
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  #writes = 0

  constructor(server: ApiServer) {
    this.#client = new ApiClient({ kind: 'kubeconfig', file: server.kubeconfig() }, 'checker')
    this.#ended = reflect({
      client: this.#client,
      resource: 'all-services',
      node: undefined,
      sink: (event) => {
        if (event.kind === 'object') this.#see(event.object)
        if (event.kind === 'deleted') this.#held.delete(`${event.namespace}/${event.name}`)
      },
      onState: () => undefined,
      onGarbage: () => undefined,
      signal: this.#abort.signal,
    })
  }

  /** How often a status was seen to change. */
  get changes(): number {
    return this.#writes
  }

  addressesOf(service: string): readonly string[] {
    return addresses(this.#held.get(service))
  }

  /** Returns the Services that have an address. */
  served(): readonly string[] {
    return [...this.#held].filter(([, each]) => addresses(each).length > 0).map(([name]) => name)
  }

  async end(): Promise<void> {
    this.#abort.abort()
    await this.#ended
    this.#client.close()
  }

  #see(object: Service): void {
    const name = `${object.metadata.namespace}/${object.metadata.name}`
    const former = this.#held.get(name)
    this.#held.set(name, object)
    const [before, now] = [addresses(former), addresses(object)]
    if (before.join() === now.join()) return
    this.#writes += 1
    const same = former?.metadata.uid === object.metadata.uid
    if (same && before.length > 0 && wish(former) === wish(object)) {
      this.breaches.push({ what: 'moved', service: name, detail: `${before} -> ${now}` })
    }
    for (const address of now) {
      for (const [other, held] of this.#held) {
        if (other === name || !addresses(held).includes(address) || mayShare(held, object)) continue
        this.breaches.push({ what: 'given twice', service: name, detail: `${address}: ${other}` })
      }
    }
  }
}

function addresses(service: Service): readonly string[] {
  const ingress: readonly { ip?: string }[] = service?.status?.loadBalancer?.ingress ?? []
  return ingress.flatMap(({ ip }) => ip ?? []).sort()
}

/** What the Service asks for, as far as it can make an address move. */
function wish({ spec, metadata }: Service): string {
  const {
    'metallb.io/ip-allocated-from-pool': _pool,
    'nodelb.io/allocated': _given,
    ...asked
  } = metadata.annotations ?? {}
  return JSON.stringify([spec.type, spec.loadBalancerIP, asked, spec.ipFamilies])
}

function mayShare(a: Service, b: Service): boolean {
  const key = (service: Service) => service.metadata.annotations?.['metallb.io/allow-shared-ip']
  return key(a) !== undefined && key(a) === key(b)
}
