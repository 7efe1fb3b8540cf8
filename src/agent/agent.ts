import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { findKubeProxy } from '../apply/nftables/kube-proxy.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Ownership } from '../plan/ownership.ts'
import type { TcpFlows } from '../plan/stale-flows.ts'
import type { Source } from '../watch/source.ts'
import { Aftermath } from './aftermath.ts'
import { FlowCleaner } from './flow-cleaner.ts'
import { HealthChecks } from './health-check.ts'
import { healthCheckAddresses, ownAddresses } from './health-check-addresses.ts'
import { ObjectStore } from './object-store.ts'
import { cleanup } from './program.ts'
import { Reconciler } from './reconciler.ts'
import { reports } from './reports.ts'
import { type Session, startSession } from './session.ts'
import { summaries } from './summaries.ts'
import type { Occurrence } from './telemetry/occurrence.ts'
import { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry/telemetry.ts'

/** What the operator chose; it may change while the agent runs. */
export interface Configuration {
  /** Undefined: it does not suit the node, which has been said. */
  readonly settingsFor: (node: NodeView) => Settings | undefined
  readonly ownership: Ownership
  readonly tcp: TcpFlows
  /** Milliseconds between the starts of two commits. */
  readonly minSyncPeriod: number
  /** Milliseconds between two full comparisons. */
  readonly comparePeriod: number
}

export interface AgentOptions {
  readonly version: string
  readonly node: string
  readonly configuration: Configuration
  readonly telemetry: Omit<TelemetryOptions, 'version' | 'node' | 'view'>
}

const LEAVING: Occurrence = {
  event: 'node-leaving',
  reason: 'it is being deleted, or bears the taint ToBeDeletedByClusterAutoscaler',
}
const NOTHING: Promise<readonly string[]> = Promise.resolve([])

/** `nodelb run`, but for where objects and configuration come from. */
export class Agent {
  readonly telemetry: Telemetry
  readonly #store: ObjectStore
  readonly #healthChecks: HealthChecks
  readonly #flows: FlowCleaner
  readonly #reconciler: Reconciler
  readonly #conntrack: NetlinkSocket
  #socket: NetlinkSocket | undefined
  #configuration: Configuration
  #settings: Settings | undefined
  #comparison: NodeJS.Timeout | undefined

  /** Throws NetlinkError where the kernel has no netfilter netlink. */
  constructor({ version, node, configuration, telemetry: options }: AgentOptions) {
    this.#configuration = configuration
    const telemetry = startTelemetry({ version, node, view: this.#view(), ...options })
    const store = new ObjectStore(node, {
      problems: telemetry.problems,
      leaving: (leaving) => telemetry.tell(leaving ? LEAVING : { event: 'node-staying' }),
    })
    const healthChecks = openHealthChecks(telemetry)
    const conntrack = NetlinkSocket.open()
    const flows = new FlowCleaner({ store, telemetry, conntrack })
    const aftermath = new Aftermath({
      node,
      store,
      telemetry,
      healthChecks,
      flows,
      scope: () => this.#settings?.scope,
    })
    this.#conntrack = conntrack
    this.telemetry = telemetry
    this.#store = store
    this.#healthChecks = healthChecks
    this.#flows = flows
    this.#reconciler = new Reconciler({
      store,
      settingsFor: (view) => this.#settingsFor(view),
      minSyncPeriod: () => this.#configuration.minSyncPeriod,
      start: (goal) => {
        const { ownership } = this.#configuration
        return startSession(this.#open(), goal, { ownership, watch: true })
      },
      broken: () => this.#closeSocket(),
      told: reports({
        telemetry,
        aftermath,
        tcp: () => this.#configuration.tcp,
        started: (session) => this.#started(session),
      }),
    })
  }

  /** Follows the source until aborted; the rules stay as they are then. */
  async run(source: Source, signal: AbortSignal): Promise<void> {
    const { telemetry } = this
    this.#compareLater()
    await source(
      {
        event: (event) => this.#reconciler.take(event),
        state: telemetry.watch,
        problems: telemetry.sourceProblems,
      },
      signal,
    )
  }

  configure(configuration: Configuration): void {
    this.#configuration = configuration
    this.#compareLater()
    this.#reconciler.reconfigure()
  }

  /** Ends everything; `remove` takes the rules along. */
  async stop(remove: boolean): Promise<void> {
    clearTimeout(this.#comparison)
    await this.#reconciler.stop()
    this.#healthChecks.close()
    if (remove) await cleanup(this.#open())
    await this.#flows.idle()
    this.#closeSocket()
    this.#conntrack.close()
    await this.telemetry.close()
  }

  #settingsFor(node: NodeView): Settings | undefined {
    this.#settings = this.#configuration.settingsFor(node)
    return this.#settings
  }

  #started(session: Session): void {
    const { telemetry } = this
    if (session.ownership === 'kernel') telemetry.tell({ event: 'table-owned' })
    else telemetry.tell({ event: 'table-not-owned', reason: this.#whyNotOwned() })
    const node = this.#store.node()
    if (node !== undefined && this.#settings !== undefined) {
      const { nodePortAddresses } = this.#settings
      this.#healthChecks.listenOn(healthCheckAddresses(nodePortAddresses, node, ownAddresses()))
    }
    this.#lookForKubeProxy()
  }

  #whyNotOwned(): string {
    return this.#configuration.ownership === 'none'
      ? 'the configuration says ownership: none'
      : 'the kernel has no tables that are owned and stay (it needs 6.9)'
  }

  /** Two that balance the same addresses: the one whose hook comes first wins. */
  #lookForKubeProxy(): void {
    const { telemetry } = this
    const look = this.#settings?.scope === 'all' ? findKubeProxy(this.#conntrack) : NOTHING
    look.then(
      (tables) => {
        if (tables.length > 0) telemetry.tell({ event: 'kube-proxy-present', tables })
        else telemetry.tell({ event: 'kube-proxy-gone' })
      },
      // The agent ends, or may not speak to the kernel, which is said where it commits.
      (error: unknown) => {
        if (!(error instanceof NetlinkError)) throw error
      },
    )
  }

  /** Spread out, so that the nodes of a cluster do not compare in step. */
  #compareLater(): void {
    clearTimeout(this.#comparison)
    const wait = this.#configuration.comparePeriod * (0.9 + Math.random() * 0.2)
    this.#comparison = setTimeout(() => {
      this.#reconciler.verify()
      this.#lookForKubeProxy()
      this.#compareLater()
    }, wait)
  }

  #open(): NetlinkSocket {
    this.#socket ??= NetlinkSocket.open()
    return this.#socket
  }

  #closeSocket(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  #view(): TelemetryOptions['view'] {
    return {
      objects: () => this.#store.counts(),
      services: () => summaries(this.#store, this.#settings),
      uid: (service) => this.#store.uid(service),
      healthChecks: () => this.#healthChecks.open,
    }
  }
}

function openHealthChecks(telemetry: Telemetry): HealthChecks {
  return new HealthChecks({
    addresses: [],
    healthy: () => telemetry.healthy(),
    onState: (port, { namespace, name }, state) => {
      const check = { service: `${namespace}/${name}`, port }
      if (state.kind === 'open') telemetry.tell({ event: 'health-check-open', ...check })
      else telemetry.tell({ event: 'health-check-waiting', ...check, reason: state.reason })
    },
  })
}
