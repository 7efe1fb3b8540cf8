import { AfterCommit } from '../../src/agent/after-commit.ts'
import { FlowCleaner } from '../../src/agent/flow-cleaner.ts'
import { ListenerWatch } from '../../src/agent/listener-watch.ts'
import { Reconciler } from '../../src/agent/reconciler.ts'
import { reconcilerEvents } from '../../src/agent/reconciler-events.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import { ReopeningSocket } from '../../src/dataplane/reopening-socket.ts'
import type { NodeView, Scope, Settings } from '../../src/model/node.ts'
import { DenialReports } from '../../src/report/denial-reports.ts'
import type { Occurrence, OccurrenceOf } from '../../src/report/events/occurrence.ts'
import { HealthChecks } from '../../src/report/health-checks/health-check.ts'
import { LocalPolicies } from '../../src/report/metrics/local-policies.ts'
import { ServiceCounts } from '../../src/report/metrics/service-counts.ts'
import { startTelemetry, type Telemetry } from '../../src/report/telemetry.ts'
import { NODE_RESOURCES, type Resource } from '../../src/watch/resources.ts'
import { noAnnouncing, noCounts } from './no-announcing.ts'
import { Recorder } from './recorder.ts'
import { silentStore } from './silent-store.ts'

const silent = (): undefined => undefined

/** What runs below `nodelb run`, on the network of the caller's thread: its socket can be had. */
export class AgentInProcess {
  readonly socket: ReopeningSocket = new ReopeningSocket()
  readonly store: ReturnType<typeof silentStore> = silentStore()
  readonly telemetry: Telemetry
  readonly reconciler: Reconciler
  scope: Scope = 'all'
  readonly #log = new Recorder<Occurrence>()

  constructor() {
    const { store, socket } = this
    const localPolicies = new LocalPolicies(store, 'node-a')
    const view = {
      objects: () => store.counts(),
      services: () => [],
      uid: silent,
      healthChecks: () => 0,
      droppedPorts: () => localPolicies.counts(),
      generation: () => socket.generation(),
      affinity: () => socket.affinity(),
      announce: noAnnouncing,
      ...noCounts,
    }
    const log = { write: this.#log.add, flush: silent, linesLost: () => 0 }
    const telemetry = startTelemetry({ version: '', node: 'node-a', view, log })
    const healthy = () => true
    const afterCommit = new AfterCommit({
      node: 'node-a',
      store,
      telemetry,
      healthChecks: new HealthChecks({ addresses: [], healthy, onState: silent }),
      flows: new FlowCleaner(store, telemetry),
      localPolicies,
      counts: new ServiceCounts(store, () => undefined),
      denials: new DenialReports(telemetry.tell),
      listeners: new ListenerWatch({ store, tell: telemetry.tell, bug: silent }),
      scope: () => this.scope,
    })
    this.telemetry = telemetry
    this.reconciler = new Reconciler({
      store,
      settingsFor: (node) => this.#settingsFor(node),
      formerSettingsFor: silent,
      removeOthers: async () => ({ kind: 'removed', removed: [] }),
      syncPeriod: () => ({ ms: 0, mayEndEarly: false }),
      start: async (goal) => startSession(await socket.working(), goal, { watch: true }),
      told: reconcilerEvents({
        telemetry,
        afterCommit,
        node: 'node-a',
        tcp: () => 'keep',
        started: silent,
        notStarted: silent,
      }),
    })
  }

  async stop(): Promise<void> {
    await this.reconciler.stop()
    await this.socket.close()
    await this.telemetry.close()
  }

  put(resource: Resource, object: object): void {
    this.reconciler.accept({ kind: 'object', resource, object })
  }

  drop(resource: Resource, name: string): void {
    this.reconciler.accept({ kind: 'deleted', resource, namespace: 'default', name })
  }

  /** All that was put is all that there is. */
  listed(): void {
    const { services, slices } = this.store.cluster()
    const names = new Set([...services, ...slices].map(({ name }) => `default/${name}`))
    for (const resource of NODE_RESOURCES)
      this.reconciler.accept({ kind: 'listed', resource, names })
  }

  /** What the objects ask for, now. */
  goal(): Goal {
    const node = this.store.nodes.view()
    if (node === undefined) throw new Error('there is no node')
    return { cluster: this.store.cluster(), node, settings: this.#settingsFor(node) }
  }

  /** The next occurrence of the kind in the log; what comes before it counts as read. */
  async next<Name extends Occurrence['event']>(event: Name): Promise<OccurrenceOf<Name>> {
    const found = await this.#log.find((occurrence) => occurrence.event === event)
    this.#log.items.splice(0, this.#log.items.indexOf(found) + 1)
    return found as OccurrenceOf<Name>
  }

  #settingsFor(node: NodeView): Settings {
    return toSettings({ ...defaultConfig, scope: this.scope }, node).settings
  }
}
