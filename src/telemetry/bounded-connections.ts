import type { Server } from 'node:http'
import type { Socket } from 'node:net'

interface Bounds {
  /** The most connections that are open at once. */
  readonly most: number
  /**
   * The longest life of a connection, in milliseconds from its acceptance, whatever the client
   * does.
   */
  readonly lifetimeMs?: number
}

/**
 * The default lifetime, in milliseconds. A probe is one request and one answer; a scrape may take
 * as long as Prometheus waits for it.
 */
const LIFETIME_MS = 10_000

/**
 * Limits the connections that the clients of a server can hold. When all places are taken, a new
 * connection replaces the oldest one that has sent no request yet, or, if there is none, the oldest
 * one that is being answered. So slow, idle or many clients do not keep out one that sends a
 * request. Returns the open connections.
 */
export function boundConnections(server: Server, bounds: Bounds): ReadonlySet<Socket> {
  const { most, lifetimeMs = LIFETIME_MS } = bounds
  // A Set keeps the order in which connections came.
  const open = new Set<Socket>()
  const waiting = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (open.size >= most) leaveFirst(waiting.size > 0 ? waiting : open)
    open.add(socket)
    waiting.add(socket)
    const late = setTimeout(() => socket.destroy(), lifetimeMs)
    socket.on('close', () => {
      clearTimeout(late)
      forget(socket)
    })
  })
  server.on('request', ({ socket }: { readonly socket: Socket }) => waiting.delete(socket))

  function leaveFirst([first]: ReadonlySet<Socket>): void {
    if (first === undefined) return
    // The 'close' event comes later, perhaps after the next connection.
    forget(first)
    first.destroy()
  }

  function forget(socket: Socket): void {
    open.delete(socket)
    waiting.delete(socket)
  }

  return open
}
