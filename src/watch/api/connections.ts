import { setMaxListeners } from 'node:events'
import { Agent, type ClientRequest, type OutgoingHttpHeaders, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect, KEEPALIVE_MS } from './connection.ts'
import type { Place } from './credentials.ts'

export interface Sending {
  readonly method: string
  /** The path with its query, below the path in the server's URL. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly signal: AbortSignal
}

/** The connections to one server, which are kept open and used again, over HTTP/1.1. */
export class Connections {
  readonly #place: Place
  readonly #agent: Pool
  readonly #closing = new AbortController()

  constructor(place: Place) {
    this.#place = place
    // Every connection that is being opened waits for it, which Node.js would take for a leak.
    setMaxListeners(0, this.#closing.signal)
    this.#agent = new Pool(place, this.#closing.signal)
  }

  /** Begins a request; throws if a header is not valid, for instance a token with a newline. */
  begin({ path, headers, ...sending }: Sending): ClientRequest {
    const { server } = this.#place
    return request({
      ...sending,
      agent: this.#agent,
      path: server.pathname.replace(/\/$/, '') + path,
      headers: { host: server.host, ...headers },
    })
  }

  /** Closes idle connections. Requests under way go on, and their connections end with them. */
  retire(): void {
    this.#agent.maxFreeSockets = 0
    const idle = Object.values(this.#agent.freeSockets).flatMap((sockets) => sockets ?? [])
    for (const socket of idle) socket.destroy()
  }

  /** Ends all connections at once, also those in use or being opened. */
  close(): void {
    this.#closing.abort()
    this.#agent.destroy()
  }
}

/** The agent of node:http, except that connections are opened by `connect`. */
class Pool extends Agent {
  readonly #place: Place
  readonly #closing: AbortSignal

  constructor(place: Place, closing: AbortSignal) {
    super({ keepAlive: true, keepAliveMsecs: KEEPALIVE_MS })
    this.#place = place
    this.#closing = closing
  }

  override createConnection(
    _: unknown,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    connect(this.#place, this.#closing).then(
      (socket) => done(null, socket),
      // There is no socket in this case, which the type of `done` does not allow for.
      (error) => (done as (error: Error) => void)(error),
    )
  }
}
