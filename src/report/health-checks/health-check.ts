import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { withRemedy } from '../../apply/no-descriptors.ts'
import { type RetryPolicy, Waits } from '../../model/retry.ts'
import { boundConnections } from '../../telemetry/bounded-connections.ts'
import { listenFailure } from '../../telemetry/listen.ts'
import { Retry } from '../../telemetry/retry.ts'
import type { ListenAddress } from './health-check-addresses.ts'

/** A Service with externalTrafficPolicy Local, as described by its healthCheckNodePort. */
interface HealthCheck {
  readonly namespace: string
  readonly name: string
  /** See `localEndpoints`. */
  readonly localEndpoints: number
}

export type HealthCheckState =
  | { readonly kind: 'open' }
  /** The port could not be opened on some address, and is tried again. */
  | { readonly kind: 'waiting'; readonly reason: string }

interface HealthCheckOptions {
  readonly addresses: readonly ListenAddress[]
  /** Returns the "serviceProxyHealthy" of the answers. */
  readonly healthy: () => boolean
  /** Called when a port cannot be opened, and when it then could be or is no longer wanted. */
  readonly onState: (port: number, check: HealthCheck, state: HealthCheckState) => void
  readonly retry?: RetryPolicy
}

interface Entry {
  check: HealthCheck
  /** The listening servers, one for each address. */
  readonly servers: Map<ListenAddress, Server>
  /** The addresses that cannot be listened on, with the reasons. */
  readonly failed: Map<ListenAddress, string>
}

/**
 * The most connections; with those of the other servers, fewer than the 1,024 file descriptors that
 * a process may have at least.
 */
const CONNECTIONS = 512
/** There is no jitter because the ports are this node's own. */
const RETRY: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0 }

/**
 * Answers on the healthCheckNodePorts of Services as kube-proxy does
 * (pkg/proxy/healthcheck/service_health.go). A port costs one small listener for each address: all
 * connections are handled by one HTTP server, which tells the ports apart.
 */
export class HealthChecks {
  readonly #options: HealthCheckOptions
  readonly #entries: Map<number, Entry> = new Map()
  readonly #waiting: Set<number> = new Set()
  readonly #connections: ReadonlySet<Socket>
  readonly #http: HttpServer
  readonly #retry: Retry
  #addresses: readonly ListenAddress[]

  constructor(options: HealthCheckOptions) {
    this.#options = options
    this.#addresses = options.addresses
    this.#retry = new Retry(new Waits(options.retry ?? RETRY), () => this.#listenAgain())
    this.#http = createHttpServer({ maxHeaderSize: 8192 }, (request, response) => {
      const answer = this.#answer(request.socket.localPort ?? 0)
      if (answer === undefined) request.socket.destroy()
      else response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    this.#connections = boundConnections(this.#http, { most: CONNECTIONS })
  }

  /** Opens exactly these ports. The cost grows with their number: for a single change use `set`. */
  sync(wanted: ReadonlyMap<number, HealthCheck>): void {
    for (const port of this.#entries.keys()) if (!wanted.has(port)) this.set(port, undefined)
    for (const [port, check] of wanted) this.set(port, check)
  }

  /**
   * Opens or changes one port, or closes it if `check` is undefined. Closing ends its connections.
   */
  set(port: number, check: HealthCheck | undefined): void {
    const entry = this.#entries.get(port)
    if (check === undefined) {
      if (entry !== undefined) this.#close(port, entry)
    } else if (entry !== undefined) {
      entry.check = check
    } else {
      const made: Entry = { check, servers: new Map(), failed: new Map() }
      this.#entries.set(port, made)
      for (const address of this.#addresses) this.#listen(port, made, address)
    }
  }

  /** Listens on these addresses from now on, and on no others. */
  listenOn(addresses: readonly ListenAddress[]): void {
    this.#addresses = addresses
    for (const [port, entry] of this.#entries) {
      for (const [address, server] of entry.servers) {
        if (addresses.includes(address)) continue
        server.close()
        entry.servers.delete(address)
      }
      for (const address of entry.failed.keys()) {
        if (!addresses.includes(address)) this.#settled(port, entry, address)
      }
      for (const address of addresses) this.#listen(port, entry, address)
    }
  }

  /** The number of ports that answer, or soon will. */
  get open(): number {
    return this.#entries.size - this.#waiting.size
  }

  /** Closes all ports, and ends their connections. */
  close(): void {
    this.#retry.reset()
    for (const [port, entry] of this.#entries) this.#close(port, entry)
  }

  #listen(port: number, entry: Entry, address: ListenAddress): void {
    if (entry.servers.has(address)) return
    const server = createServer((socket) => this.#http.emit('connection', socket))
    entry.servers.set(address, server)
    const isWanted = (): boolean => entry.servers.get(address) === server
    server.on('listening', () => {
      // Listening begins some time after the call, when the port may no longer be wanted.
      if (isWanted()) this.#settled(port, entry, address)
      else server.close()
    })
    server.on('error', (error) => {
      // There was no file descriptor for one connection; the port stays open.
      if (server.listening || !isWanted()) return
      entry.servers.delete(address)
      this.#failed(port, entry, address, withRemedy(listenFailure(error)))
    })
    server.listen({ port, ...(address !== undefined && { host: address }) })
  }

  #failed(port: number, entry: Entry, address: ListenAddress, reason: string): void {
    this.#retry.later()
    if (entry.failed.get(address) === reason) return
    entry.failed.set(address, reason)
    this.#waiting.add(port)
    const reasons = [...entry.failed].map(([at, why]) => `${at ?? 'all addresses'}: ${why}`)
    this.#options.onState(port, entry.check, { kind: 'waiting', reason: reasons.join('; ') })
  }

  /** Notes that an address that failed is open, or no longer wanted. */
  #settled(port: number, entry: Entry, address: ListenAddress): void {
    if (entry.failed.delete(address) && entry.failed.size === 0) this.#good(port, entry)
  }

  #good(port: number, entry: Entry): void {
    if (!this.#waiting.delete(port)) return
    if (this.#waiting.size === 0) this.#retry.reset()
    this.#options.onState(port, entry.check, { kind: 'open' })
  }

  #listenAgain(): void {
    for (const port of this.#waiting) {
      const entry = this.#entries.get(port)
      if (entry === undefined) continue
      for (const address of entry.failed.keys()) this.#listen(port, entry, address)
    }
  }

  #close(port: number, entry: Entry): void {
    this.#entries.delete(port)
    for (const server of entry.servers.values()) server.close()
    entry.servers.clear()
    for (const socket of this.#connections) if (socket.localPort === port) socket.destroy()
    this.#good(port, entry)
  }

  #answer(port: number) {
    const check = this.#entries.get(port)?.check
    if (check === undefined) return undefined
    const { namespace, name, localEndpoints } = check
    const serviceProxyHealthy = this.#options.healthy()
    const told = { service: { namespace, name }, localEndpoints, serviceProxyHealthy }
    const body = JSON.stringify(told, undefined, '\t')
    const headers = {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      'Content-Length': Buffer.byteLength(body),
      // A connection that is kept open could be closed just when the next probe is on its way.
      Connection: 'close',
    }
    return { status: localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, headers, body }
  }
}
