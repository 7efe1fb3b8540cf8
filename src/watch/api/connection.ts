// The only file that opens connections to the API server.

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { withTimeLimit } from '../time-limit.ts'
import type { Place } from './credentials.ts'
import type { Route } from './proxy.ts'
import { connectThrough, connectThroughSocks } from './tunnel.ts'

/**
 * The idle time after which the kernel probes whether the peer still lives; it notices a dead peer
 * 10 s later.
 */
export const KEEPALIVE_MS = 15_000
/** The time for the connection and the handshakes together, the same as in client-go. */
const CONNECT_MS = 30_000

/**
 * A failure because keys or certificates do not match, on either side: the next attempt should read
 * them again.
 */
export class Untrusted extends Error {}

/**
 * Returns a connection on which requests can be sent. Rejects with an Error, which may be
 * `Untrusted`, after 30 s at the latest.
 */
export function connect(place: Place, signal: AbortSignal): Promise<Socket | TLSSocket> {
  return withTimeLimit(CONNECT_MS, signal, (until) => connectUntil(place, until))
}

async function connectUntil(place: Place, until: AbortSignal): Promise<Socket | TLSSocket> {
  const { server, proxy, tls } = place
  const host = hostOf(server)
  const socket = await (proxy.kind === 'none'
    ? opened(host, portOf(server), until)
    : throughProxy(proxy, host, portOf(server), until))
  // The conversation with a proxy has left the socket paused.
  if (tls === undefined) return socket.resume()
  return secured(socket, { ...tls, host, servername: tls.servername ?? nameOf(host) }, until)
}

/** Returns the host of a URL, without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/**
 * Returns what went wrong. When several addresses were tried, the error itself has no message, so
 * those of its parts are joined.
 */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : protocol === 'http:' ? 80 : 1080
}

/** Returns the name for TLS's server name indication, which takes no addresses. */
function nameOf(host: string): string | undefined {
  return isIP(host) === 0 ? host : undefined
}

async function throughProxy(
  { kind, url }: Exclude<Route, { kind: 'none' }>,
  host: string,
  port: number,
  until: AbortSignal,
): Promise<Socket> {
  let socket: Socket | undefined
  try {
    const [name, tunnel] = [hostOf(url), kind === 'socks5' ? connectThroughSocks : connectThrough]
    socket = await opened(name, portOf(url), until)
    if (kind === 'https') {
      socket = await secured(socket, { host: name, servername: nameOf(name) }, until)
    }
    const cancel = cancelling(socket, until)
    await tunnel(socket, url, host, port).finally(cancel)
    return socket
  } catch (error) {
    socket?.destroy()
    throw new Error(`the proxy ${url.host}: ${messageOf(error)}`)
  }
}

async function opened(host: string, port: number, until: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port, noDelay: true })
  socket.setKeepAlive(true, KEEPALIVE_MS)
  await ready(socket, 'connect', until)
  return socket
}

async function secured(
  socket: Socket,
  options: ConnectionOptions,
  until: AbortSignal,
): Promise<TLSSocket> {
  try {
    // connectTls throws for a key that is truncated or belongs to another certificate.
    const tls = connectTls({ ...options, socket })
    await ready(tls, 'secureConnect', until)
    return tls
  } catch (error) {
    socket.destroy()
    const isSystems = error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
    throw isSystems || until.aborted ? error : new Untrusted(messageOf(error))
  }
}

/**
 * Resolves at that event; destroys the socket and rejects if an error, the end or `until` comes
 * first.
 */
function ready(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  until: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = cancelling(socket, until)
    const fail = (error: Error): void => {
      cancel()
      socket.destroy()
      reject(error)
    }
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('the connection broke')))
    socket.once(event, () => {
      cancel()
      socket.off('error', fail)
      resolve()
    })
  })
}

/** Destroys the socket when the signal aborts, until the returned function is called. */
function cancelling(socket: Socket, until: AbortSignal): () => void {
  const destroy = (): void => {
    const late = until.reason?.name === 'TimeoutError'
    socket.destroy(new Error(late ? `no connection within ${CONNECT_MS / 1000} s` : 'stopped'))
  }
  if (until.aborted) destroy()
  until.addEventListener('abort', destroy, { once: true })
  return () => until.removeEventListener('abort', destroy)
}
