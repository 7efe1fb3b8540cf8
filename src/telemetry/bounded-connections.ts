import type { Server } from 'node:http'
import type { Socket } from 'node:net'

interface Bounds {
  /** Connections that are open at once. */
  readonly most: number
  /** Milliseconds from the first packet to the end, whatever the client does or leaves undone. */
  readonly lifetimeMs?: number
}

/** A probe is a request and an answer; a scrape may take as long as Prometheus waits for it. */
const LIFETIME_MS = 10_000

/**
 * Bounds what the clients of a server can hold: when all places are taken, the oldest connection that
 * waits for its client gives way to a new one, and only if there is none, the oldest that is answered.
 * So clients that are slow, idle or many do not keep out the one that asks. Returns what is open.
 */
export function boundConnections(server: Server, bounds: Bounds): ReadonlySet<Socket> {
  const { most, lifetimeMs = LIFETIME_MS } = bounds
  // Sets keep the order in which connections came.
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
    // The event of its end comes later, and the next connection may come before.
    forget(first)
    first.destroy()
  }

  function forget(socket: Socket): void {
    open.delete(socket)
    waiting.delete(socket)
  }

  return open
}
