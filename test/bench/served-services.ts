import { ApiClient } from '../../src/watch/api/client.ts'
import { reflect } from '../../src/watch/reflector.ts'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import { Waiting } from '../support/waiting.ts'

/** Follows how many Services have an address. */
export class ServedServices {
  readonly #names: Set<string> = new Set()
  readonly #client: ApiClient
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  readonly #news = new Waiting()

  constructor(server: ApiServer) {
    this.#client = new ApiClient({ kind: 'kubeconfig', file: server.kubeconfig() }, 'bench')
    this.#ended = reflect({
      client: this.#client,
      resource: 'all-services',
      node: undefined,
      sink: (event) => {
        if (event.kind === 'object') this.#see(event.object)
      },
      onState: () => undefined,
      onGarbage: () => undefined,
      signal: this.#abort.signal,
    })
  }

  /** Resolves when so many have one. */
  async reach(count: number): Promise<void> {
    await this.#news.until(() => this.#names.size >= count || undefined)
  }

  async end(): Promise<void> {
    this.#abort.abort()
    await this.#ended
    this.#client.close()
  }

  // biome-ignore lint/suspicious/noExplicitAny: a Service, as the API server has it
  #see({ metadata, status }: any): void {
    if (status.loadBalancer.ingress === undefined) return
    this.#names.add(metadata.name)
    this.#news.wake()
  }
}
