import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { boundConnections } from './bounded-connections.ts'
import { keepListening, type ListenState } from './listen.ts'
import type { RetryWaits } from './retry.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** The answers, by path, such as `/metrics`. */
export type Routes = ReadonlyMap<string, () => Answer | Promise<Answer>>

export interface HttpServer {
  /** Stops listening and ends all connections at once. */
  close(): Promise<void>
}

interface ServeOptions {
  /** The address; if undefined, all addresses, of both families if the node has them. */
  readonly host: string | undefined
  readonly port: number
  readonly routes: Routes
  readonly onState: (state: ListenState) => void
  readonly onAnswer: (path: string, status: number) => void
  /** The waits before further attempts to listen. */
  readonly waits: Pick<RetryWaits, 'next'>
}

const CONNECTIONS = 128

/**
 * Starts a server for probes and scrapes. Never throws: an address in use is reported to `onState`,
 * and tried again.
 */
export function serveHttp(options: ServeOptions): HttpServer {
  const { host, port, routes, onState, onAnswer, waits } = options
  const server = limitedServer((request, response) => {
    const path = pathOf(request)
    answer(request, routes.get(path))
      .then((given) => {
        onAnswer(routes.has(path) ? path : 'other', given.status)
        send(response, given)
      })
      .catch(() => response.destroy())
  })
  const stop = keepListening(server, {
    at: { port, ...(host !== undefined && { host }) },
    onState,
    waits,
  })
  return { close: () => closeServer(server, stop) }
}

/**
 * Returns a server that slow, idle or many clients cannot block; a connection lives `lifetimeMs` milliseconds at
 * most, if that is given.
 */
export function limitedServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  lifetimeMs?: number,
): Server {
  const server = createServer({ maxHeaderSize: 8192 }, handler)
  boundConnections(server, { most: CONNECTIONS, ...(lifetimeMs !== undefined && { lifetimeMs }) })
  return server
}

/** Stops listening and ends all connections; `stop` ends further attempts to listen. */
export function closeServer(server: Server, stop: () => void): Promise<void> {
  stop()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Sends an answer and has the connection closed after it. */
export function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(body),
    // A connection that is kept open could be closed just when the next probe is on its way.
    Connection: 'close',
  })
  response.end(body)
}

/** Returns an answer of one line of text. */
export function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` }
}

/** Returns the answer of a route; `route` is undefined if there is nothing at the path. */
async function answer(
  { method }: IncomingMessage,
  route: (() => Answer | Promise<Answer>) | undefined,
): Promise<Answer> {
  if (route === undefined) return plain(404, 'there is nothing here')
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET or HEAD only')
  try {
    return await route()
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : String(error))
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
