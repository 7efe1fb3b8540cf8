import { Agent } from '../../src/agent/agent.ts'
import type { Configuration } from '../../src/agent/configuration.ts'
import { ConnectionMeter } from '../../src/agent/connection-meter.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import type { BackendKind } from '../../src/model/backend.ts'
import { defaultLimits } from '../../src/model/limits.ts'
import type { Occurrence, OccurrenceOf } from '../../src/report/events/occurrence.ts'
import type { ServerOptions } from '../../src/report/servers.ts'
import type { Status } from '../../src/report/status/status.ts'
import { NODE_RESOURCES, type Resource } from '../../src/watch/resources.ts'
import type { SourceEvent } from '../../src/watch/source.ts'
import { noAnnouncing } from './no-announcing.ts'
import { Recorder } from './recorder.ts'

/** As `nodelb run` makes it of a configuration with this backend alone. */
export function configured(backend: BackendKind, source: string): Configuration {
  const config = { ...defaultConfig, scope: 'all', backend, ownership: 'none' } as const
  return {
    source,
    limits: defaultLimits,
    ownership: 'none',
    tcp: config.tcpFlows,
    syncPeriod: { ms: 0, mayEndEarly: false },
    comparePeriod: 600_000,
    kubeProxyAddresses: { healthz: undefined, metrics: undefined },
    needsAllNodes: backend === 'ipvs',
    settingsFor: (node) => ({ settings: toSettings(config, node).settings, notes: [] }),
  }
}

/** A whole agent on the network of the caller's thread; the test is its source. */
export class AgentAndSource {
  readonly agent: Agent
  /** How often the source was started. */
  starts = 0
  breakSource: (error: Error) => void = () => undefined
  readonly #told: Recorder<Occurrence> = new Recorder()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #event: (event: SourceEvent) => void = () => undefined

  constructor(configuration: Configuration, servers: ServerOptions = {}) {
    const silent = (): undefined => undefined
    const log = { write: this.#told.add, flush: silent, linesLost: () => 0 }
    const options = { version: '', node: 'node-a', configuration, announcing: noAnnouncing }
    const connections = new ConnectionMeter(undefined, silent)
    this.agent = new Agent({ ...options, connections, telemetry: { log, ...servers } })
    this.#running = this.agent.run((listener, signal) => {
      this.starts += 1
      this.#event = listener.event
      return new Promise<void>((resolve, reject) => {
        this.breakSource = reject
        signal.addEventListener('abort', () => resolve())
      })
    }, this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.agent.stop()
  }

  get status(): Status {
    return this.agent.telemetry.status()
  }

  put(resource: Resource, object: object): void {
    this.#event({ kind: 'object', resource, object })
  }

  /** All objects of a resource were told. */
  listed(resource: Resource, names: readonly string[]): void {
    this.#event({ kind: 'listed', resource, names: new Set(names) })
  }

  /** A Node, a Service and its slices, and nothing else. */
  tell([node, service, ...slices]: readonly object[]): void {
    if (node !== undefined) this.put('nodes', node)
    if (service !== undefined) this.put('services', service)
    for (const slice of slices) this.put('endpointslices', slice)
    const names = ['node-a', 'default/web', 'default/web-ipv4', 'default/web-ipv6']
    for (const resource of NODE_RESOURCES) this.listed(resource, names)
  }

  /** The next occurrence of the kind; what comes before it counts as read. */
  async next<Name extends Occurrence['event']>(
    event: Name,
    fits: (occurrence: OccurrenceOf<Name>) => boolean = () => true,
  ): Promise<OccurrenceOf<Name>> {
    const isIt = (it: Occurrence): boolean => it.event === event && fits(it as OccurrenceOf<Name>)
    const found = await this.#told.find(isIt)
    this.#told.items.splice(0, this.#told.items.indexOf(found) + 1)
    return found as OccurrenceOf<Name>
  }
}
