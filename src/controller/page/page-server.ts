import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ListenAddress } from '../../model/listening.ts'
import { listenRetry, Waits } from '../../model/retry.ts'
import { type Answer, closeServer, limitedServer, plain, send } from '../../telemetry/http.ts'
import { keepListening, type ListenState } from '../../telemetry/listen.ts'
import { isOurHost } from './hosts.ts'
import { Viewers } from './viewers.ts'

interface PageServerOptions {
  readonly listen: ListenAddress
  /** What never changes, by path, such as `/page.css`. */
  readonly assets: ReadonlyMap<string, Answer>
  /** Returns the page for a query. */
  readonly page: (query: URLSearchParams) => Promise<Answer>
  /** A browser looks at the page, or does so no more; with how many do now. */
  readonly viewers: (count: number) => void
  readonly onState: (state: ListenState) => void
}

/** So long, in milliseconds, a connection lives at most. Browsers that are told of changes come again. */
const LIFETIME_MS = 3_600_000

/** Nothing is loaded from elsewhere, nothing is written in the page itself, and nobody shows it in a frame. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/**
 * Serves the page and tells browsers of its changes. It only answers; nothing that is sent to it changes
 * anything. It has its own listener, so that browsers take no connections from probes.
 */
export class PageServer {
  readonly #options: PageServerOptions
  readonly #viewers = new Viewers()
  readonly #server: Server
  readonly #stop: () => void

  constructor(options: PageServerOptions) {
    this.#options = options
    const { host, port } = options.listen
    this.#server = limitedServer(
      (request, response) => this.#answer(request, response),
      LIFETIME_MS,
    )
    this.#stop = keepListening(this.#server, {
      at: { port, ...(host !== undefined && { host }) },
      onState: options.onState,
      waits: new Waits(listenRetry),
    })
  }

  /** The port that it listens on, which the system chose if 0 was asked for. */
  get port(): number {
    const at = this.#server.address()
    return typeof at === 'object' && at !== null ? at.port : this.#options.listen.port
  }

  /** Tells browsers that the page is another one. */
  changed(): void {
    this.#viewers.changed()
  }

  /** Stops listening and ends all connections at once. */
  close(): Promise<void> {
    this.#viewers.close()
    return closeServer(this.#server, this.#stop)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const { method, url = '/' } = request
    const [path = '', query = ''] = url.split('?', 2)
    const refused = this.#refusal(request)
    if (refused !== undefined) {
      response.setHeader('Allow', 'GET, HEAD')
      send(response, refused)
    } else if (path === '/events' && method === 'GET') {
      this.#tell(response)
    } else {
      this.#find(path, new URLSearchParams(query))
        .then((found) => send(response, found))
        .catch(() => response.destroy())
    }
  }

  #refusal({ method, headers }: IncomingMessage): Answer | undefined {
    if (!isOurHost(headers.host, this.#options.listen)) {
      return plain(421, 'Host: expected localhost, or the address of the page')
    }
    return method === 'GET' || method === 'HEAD' ? undefined : plain(405, 'GET or HEAD only')
  }

  async #find(path: string, query: URLSearchParams): Promise<Answer> {
    if (path !== '/') return this.#options.assets.get(path) ?? plain(404, 'there is nothing here')
    try {
      return await this.#options.page(query)
    } catch (error) {
      return plain(500, error instanceof Error ? error.message : String(error))
    }
  }

  #tell(response: ServerResponse): void {
    const { viewers } = this.#options
    const told = (): void => viewers(this.#viewers.count)
    if (this.#viewers.take(response, told)) told()
    else send(response, plain(503, 'too many browsers look at the page'))
  }
}
