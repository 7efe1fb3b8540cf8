import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { boundConnections } from './bounded-connections.ts'
import { keepListening, type ListenState } from './listen.ts'
import type { RetryWaits } from './retry.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** By path, such as `/metrics`. */
export type Routes = ReadonlyMap<string, () => Answer | Promise<Answer>>

export interface HttpServer {
  /** Ends at once, whoever is connected. */
  close(): Promise<void>
}

interface ServeOptions {
  /** Undefined: all addresses, of both families where the node has them. */
  readonly host: string | undefined
  readonly port: number
  readonly routes: Routes
  readonly onState: (state: ListenState) => void
  readonly onAnswer: (path: string, status: number) => void
  /** For the attempts to listen after those that failed. */
  readonly waits: Pick<RetryWaits, 'next'>
}

const CONNECTIONS = 128

/** Serves probes and scrapes. Never throws: an address in use is a state that is tried again. */
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

/** A server that slow, idle and many clients cannot hold up, which answers once per connection. */
export function limitedServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer({ maxHeaderSize: 8192 }, handler)
  boundConnections(server, { most: CONNECTIONS })
  return server
}

export function closeServer(server: Server, stop: () => void): Promise<void> {
  stop()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

export function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(body),
    // A connection kept open could be closed just when the next probe is on its way.
    Connection: 'close',
  })
  response.end(body)
}

export function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` }
}

/** `route` is undefined where there is nothing at the path. */
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
