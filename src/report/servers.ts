import { withRemedy } from '../apply/no-descriptors.ts'
import type { KubeProxyAddresses, ListenAddress } from '../model/listening.ts'
import { listenRetry, type RetryPolicy, Waits } from '../model/retry.ts'
import { type HttpServer, type Routes, serveHttp } from '../telemetry/http.ts'
import type { ListenState } from '../telemetry/listen.ts'
import { type CountedConnections, connectionRoutes } from './connections.ts'
import type { Occurrence, Server } from './events/occurrence.ts'
import type { Metrics } from './metrics/metrics.ts'
import {
  kubeProxyHealthRoutes,
  kubeProxyMetricsRoutes,
  metricsRoutes,
  probeRoutes,
} from './probes.ts'
import type { AgentState } from './status/agent-state.ts'
import type { Status } from './status/status.ts'
import { serveStatus } from './status/status-socket.ts'

export interface ServerOptions {
  /** The address for `/livez`, `/readyz`, `/healthz`, `/metrics` and `/metrics/services`. */
  readonly listen?: ListenAddress
  /**
   * A further address for both paths of metrics, with its own listener, so that slow scrapes there
   * delay no probe.
   */
  readonly metricsListen?: ListenAddress
  /** The path of the socket for `nodelb status`. */
  readonly status?: string
}

interface ServerParts {
  readonly state: AgentState
  readonly metrics: Metrics
  readonly connections: () => Promise<CountedConnections>
  readonly status: (only?: string) => Status
  readonly tell: (occurrence: Occurrence) => void
}

export interface Servers {
  /** Answers as kube-proxy does at these addresses from now on, and at no others. */
  answerAsKubeProxy(addresses: KubeProxyAddresses): void
  close(): Promise<void>
}

type KubeProxyServer = 'kube-proxy-healthz' | 'kube-proxy-metrics'

/** kube-proxy may hold its ports for as long as it runs; it retries every five seconds itself. */
const KUBE_PROXY_RETRY: RetryPolicy = { first: 1_000, most: 1_000, factor: 1, jitter: 0 }

/** Starts all servers. An address in use is reported and tried again, and nothing waits for it. */
export function startServers(options: ServerOptions, parts: ServerParts): Servers {
  const { state, metrics, connections, status, tell } = parts
  const servers: HttpServer[] = []
  const probes = probeRoutes(state)
  const services = connectionRoutes(connections, metrics.contentType)
  const scrapes = new Map([...metricsRoutes(metrics), ...services])
  const serve = (server: Server, address: ListenAddress, routes: Routes): void => {
    const onState = teller(server, printAddress(address), tell)
    const waits = new Waits(listenRetry)
    servers.push(serveHttp({ ...address, routes, onState, onAnswer: metrics.answered, waits }))
  }
  if (options.listen) serve('http', options.listen, new Map([...probes, ...scrapes]))
  if (options.metricsListen) serve('metrics', options.metricsListen, scrapes)
  if (options.status !== undefined) {
    const onState = teller('status', options.status, tell)
    servers.push(serveStatus(options.status, status, onState, new Waits(listenRetry)))
  }
  const healthz = new StandIn('kube-proxy-healthz', kubeProxyHealthRoutes(state), parts)
  const scraped = new StandIn('kube-proxy-metrics', kubeProxyMetricsRoutes(metrics, state), parts)
  return {
    answerAsKubeProxy(addresses) {
      metrics.nameAsKubeProxy(addresses.healthz !== undefined || addresses.metrics !== undefined)
      healthz.moveTo(addresses.healthz)
      scraped.moveTo(addresses.metrics)
    },
    async close() {
      await Promise.all([...servers, healthz, scraped].map((server) => server.close()))
    },
  }
}

/** A server in place of one of kube-proxy's, whose address can change with the configuration. */
class StandIn implements HttpServer {
  readonly #server: KubeProxyServer
  readonly #routes: Routes
  readonly #parts: ServerParts
  #address: ListenAddress | undefined
  /** Resolves when the former server is closed and the present one listens or waits. */
  #moved: Promise<void> = Promise.resolve()
  #open: HttpServer | undefined

  constructor(server: KubeProxyServer, routes: Routes, parts: ServerParts) {
    this.#server = server
    this.#routes = routes
    this.#parts = parts
  }

  /** Closes the server and opens it at another address; closes it only if that is undefined. */
  moveTo(address: ListenAddress | undefined): void {
    if (address?.host === this.#address?.host && address?.port === this.#address?.port) return
    this.#address = address
    // The former server is closed first: the new address may include the former one.
    this.#moved = this.close().then(() => {
      if (this.#address !== address) return
      if (address === undefined) this.#parts.tell({ event: 'server-closed', server: this.#server })
      else this.#open = this.#serve(address)
    })
  }

  async close(): Promise<void> {
    await this.#moved
    await this.#open?.close()
    this.#open = undefined
  }

  #serve(address: ListenAddress): HttpServer {
    const { metrics } = this.#parts
    return serveHttp({
      ...address,
      routes: this.#routes,
      onState: this.#onState(printAddress(address)),
      onAnswer: (path, code) => {
        metrics.answered(path, code)
        if (this.#server === 'kube-proxy-healthz') metrics.kubeProxy.answered(path, code)
      },
      waits: new Waits(KUBE_PROXY_RETRY),
    })
  }

  #onState(address: string): (state: ListenState) => void {
    const { tell } = this.#parts
    const server = this.#server
    return (state) => {
      if (state.kind === 'listening') tell({ event: 'server-listening', server, address })
      else
        tell({ event: 'kube-proxy-port-taken', server, address, reason: withRemedy(state.reason) })
    }
  }
}

function teller(
  server: Server,
  address: string,
  tell: ServerParts['tell'],
): (state: ListenState) => void {
  return (state) => {
    if (state.kind === 'listening') tell({ event: 'server-listening', server, address })
    else {
      const { retryMs } = state
      const reason = withRemedy(state.reason)
      tell({ event: 'server-waiting', server, address, reason, retryMs })
    }
  }
}

function printAddress({ host = '*', port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
