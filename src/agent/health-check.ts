import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { withRemedy } from '../apply/no-descriptors.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { boundConnections } from '../telemetry/bounded-connections.ts'
import { listenFailure } from '../telemetry/listen.ts'
import { Retry } from '../telemetry/retry.ts'
import type { ListenAddress } from './health-check-addresses.ts'

/** A Service with externalTrafficPolicy Local, as its healthCheckNodePort tells of it. */
interface HealthCheck {
  readonly namespace: string
  readonly name: string
  /** See `localEndpoints`. */
  readonly localEndpoints: number
}

export type HealthCheckState =
  | { readonly kind: 'open' }
  /** Tried again by itself. */
  | { readonly kind: 'waiting'; readonly reason: string }

interface HealthCheckOptions {
  readonly addresses: readonly ListenAddress[]
  /** "serviceProxyHealthy". */
  readonly healthy: () => boolean
  /** Told when a port cannot be opened, and when it then could be or is not wanted any more. */
  readonly onState: (port: number, check: HealthCheck, state: HealthCheckState) => void
  readonly retry?: RetryPolicy
}

interface Entry {
  check: HealthCheck
  /** One for each address. */
  readonly servers: Map<ListenAddress, Server>
  /** Addresses that cannot be listened on, and why. */
  readonly failed: Map<ListenAddress, string>
}

/** With the other servers fewer than the 1,024 descriptors that a process has at the least. */
const CONNECTIONS = 512
/** Without jitter, since the ports are this node's own. */
const RETRY: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0 }

/**
 * Answers on the healthCheckNodePorts of Services what balancers expect of kube-proxy
 * (pkg/proxy/healthcheck/service_health.go). One port costs one small listener: all connections
 * are handled by a single HTTP server, which tells the ports apart.
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

  /** Makes these all that is open. Costs their number: for a change use `set`. */
  sync(wanted: ReadonlyMap<number, HealthCheck>): void {
    for (const port of this.#entries.keys()) if (!wanted.has(port)) this.set(port, undefined)
    for (const [port, check] of wanted) this.set(port, check)
  }

  /** Opens, changes or (undefined) closes one port. Closing waits for nobody. */
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

  /** Where to listen from now on. */
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

  /** Ports that answer, or soon will. */
  get open(): number {
    return this.#entries.size - this.#waiting.size
  }

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
      // An address is listened on some time after the call: it may be too late.
      if (isWanted()) this.#settled(port, entry, address)
      else server.close()
    })
    server.on('error', (error) => {
      // Out of descriptors for one connection: the port stays open.
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

  /** An address that failed is open, or not wanted any more. */
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
      // A connection kept open could be closed just when the next probe is on its way.
      Connection: 'close',
    }
    return { status: localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, headers, body }
  }
}
