import { setTimeout as pause } from 'node:timers/promises'
import { conntrackFill } from '../apply/machine/look.ts'
import type { Goal } from '../dataplane/dataplane.ts'
import { Dataplanes } from '../dataplane/dataplanes.ts'
import type { Session, Started } from '../dataplane/session.ts'
import { isGap } from '../decode/problem.ts'
import type { Settings } from '../model/node.ts'
import { backendChosen, ownershipOf } from '../report/backend-report.ts'
import { DenialReports } from '../report/denial-reports.ts'
import type { HealthChecks } from '../report/health-checks/health-check.ts'
import { openHealthChecks } from '../report/health-checks/health-check-report.ts'
import type { AnnounceSource } from '../report/metrics/announce-metrics.ts'
import { LocalPolicies } from '../report/metrics/local-policies.ts'
import { ServiceCounts } from '../report/metrics/service-counts.ts'
import { leavingOccurrence } from '../report/node-leaving.ts'
import { objectProblems } from '../report/object-problems.ts'
import { serviceSummaries } from '../report/status/status-services.ts'
import { tellSysctl } from '../report/sysctl-report.ts'
import { startTelemetry, type Telemetry, type TelemetryOptions } from '../report/telemetry.ts'
import { ObjectStore } from '../watch/object-store.ts'
import { SeenNodes } from '../watch/seen-nodes.ts'
import type { Source, SourceEvent } from '../watch/source.ts'
import { AfterCommit } from './after-commit.ts'
import { AwaitedNodes } from './awaited-nodes.ts'
import { keepRunning } from './background.ts'
import { Comparisons } from './comparisons.ts'
import { type Configuration, CurrentConfiguration } from './configuration.ts'
import type { ConnectionMeter } from './connection-meter.ts'
import { FlowCleaner } from './flow-cleaner.ts'
import { NodeIncomplete } from './node-incomplete.ts'
import { Reconciler } from './reconciler.ts'
import { reconcilerEvents, stackOf } from './reconciler-events.ts'
import { Surroundings } from './surroundings.ts'

interface AgentOptions {
  readonly version: string
  readonly node: string
  readonly configuration: Configuration
  readonly telemetry: Omit<TelemetryOptions, 'version' | 'node' | 'view'>
  /** What announces addresses; it is told whenever all rules were programmed from the beginning. */
  readonly announcing: AnnounceSource & { programmed(): void }
  readonly connections: ConnectionMeter
}

/** Milliseconds for a commit under way at the end. The next start repairs what it leaves. */
const GRACE = 500

/** Runs `nodelb run`, given a source of objects and a configuration. */
export class Agent {
  readonly telemetry: Telemetry
  readonly #store: ObjectStore<SeenNodes>
  readonly #healthChecks: HealthChecks
  readonly #flows: FlowCleaner
  readonly #localPolicies: LocalPolicies
  readonly #counts: ServiceCounts
  readonly #denials: DenialReports
  readonly #reconciler: Reconciler
  readonly #configuration: CurrentConfiguration
  readonly #dataplanes: Dataplanes
  readonly #bug: (error: unknown) => void
  readonly #surroundings: Surroundings
  readonly #comparisons: Comparisons
  readonly #incomplete: NodeIncomplete
  readonly #nodes: AwaitedNodes
  readonly #parts: Pick<AgentOptions, 'announcing' | 'connections'>
  /** The latest session, which programs the node. */
  #session: Session | undefined

  constructor({ version, node, configuration, telemetry: options, ...parts }: AgentOptions) {
    this.#parts = parts
    const telemetry = startTelemetry({ version, node, view: this.#view(node), ...options })
    const nodes = new SeenNodes(node, {
      leaving: (leaving) => telemetry.tell(leavingOccurrence(leaving)),
      seen: () => this.#incomplete.tell(this.#session?.renderer.situation),
    })
    const listener = objectProblems(node, telemetry.problems)
    const { services: metered } = parts.connections
    const store = new ObjectStore({ nodes, listener, limits: configuration.limits, metered })
    const healthChecks = openHealthChecks(telemetry)
    this.telemetry = telemetry
    this.#store = store
    this.#healthChecks = healthChecks
    this.#configuration = new CurrentConfiguration(configuration, telemetry.tell)
    this.#flows = new FlowCleaner(store, telemetry)
    this.#localPolicies = new LocalPolicies(store, node)
    this.#counts = new ServiceCounts(store, () => this.#configuration.settings)
    this.#denials = new DenialReports(telemetry.tell)
    this.#dataplanes = new Dataplanes({ onSysctl: (outcome) => tellSysctl(outcome, telemetry) })
    this.#bug = (error) => telemetry.tell({ event: 'bug', reason: stackOf(error) })
    this.#surroundings = new Surroundings({ telemetry, healthChecks, store, bug: this.#bug })
    const comparePeriod = () => this.#configuration.chosen.comparePeriod
    this.#comparisons = new Comparisons(comparePeriod, () => this.#compare())
    this.#incomplete = new NodeIncomplete({ nodes, configuration: this.#configuration, telemetry })
    const enforce = (chosen: Configuration) => this.#enforce(chosen)
    this.#nodes = new AwaitedNodes({ enforce, tell: telemetry.tell })
    this.#reconciler = this.#newReconciler(node)
    telemetry.answerAsKubeProxy(configuration.kubeProxyAddresses)
  }

  #newReconciler(node: string): Reconciler {
    const [telemetry, current] = [this.telemetry, this.#configuration]
    const afterCommit = new AfterCommit({
      node,
      store: this.#store,
      telemetry,
      healthChecks: this.#healthChecks,
      flows: this.#flows,
      localPolicies: this.#localPolicies,
      counts: this.#counts,
      denials: this.#denials,
      listeners: this.#surroundings.listeners,
      scope: () => current.settings?.scope,
    })
    return new Reconciler({
      store: this.#store,
      settingsFor: (view) => current.settingsFor(view),
      formerSettingsFor: (view) => current.formerSettingsFor(view),
      syncPeriod: () => current.chosen.syncPeriod,
      start: (goal) => this.#start(goal),
      removeOthers: (signal) => this.#dataplanes.remove(signal),
      told: reconcilerEvents({
        telemetry,
        afterCommit,
        node,
        tcp: () => current.chosen.tcp,
        started: (session, settings) => this.#started(session, settings),
        notStarted: (reason) => current.notStarted(reason),
      }),
    })
  }

  /** Follows the source, whatever goes wrong in it, until `signal` aborts. The rules then stay. */
  async run(source: Source, signal: AbortSignal): Promise<void> {
    const { telemetry } = this
    this.#comparisons.restart()
    const listener = {
      event: (event: SourceEvent) => this.#take(event),
      state: telemetry.watch,
      problems: (problems: Parameters<typeof telemetry.sourceProblems>[0]) => {
        telemetry.sourceProblems(problems)
        this.#reconciler.setIncomplete(problems.some(isGap))
      },
    }
    await keepRunning((until) => source(listener, until), signal, this.#bug)
  }

  /** Notes that all Nodes will be listed: a configuration that needs them waits until then. */
  expectNodes(): void {
    this.#nodes.expect()
  }

  /**
   * Puts a configuration in force. If it has to wait for the list of all Nodes, the former one
   * stays in force until then.
   */
  configure(configuration: Configuration): void {
    this.#nodes.configure(configuration)
  }

  /** Ends everything without waiting long for a commit under way, and leaves the rules. */
  async stop(): Promise<void> {
    await Promise.race([this.#idle(), pause(GRACE)])
    await this.telemetry.close()
  }

  /** Ends everything and removes the rules. Returns false if some remain, which is reported. */
  async remove(): Promise<boolean> {
    const began = performance.now()
    await this.#idle()
    const outcome = await this.#dataplanes.remove()
    if (outcome.kind === 'remains') {
      const reason = `cleanup: ${outcome.reason}`
      const durationMs = Math.round(performance.now() - began)
      this.telemetry.tell({ event: 'commit-failed', reason, durationMs })
    }
    await this.telemetry.close()
    return outcome.kind === 'removed'
  }

  async #idle(): Promise<void> {
    this.#comparisons.stop()
    this.#surroundings.close()
    this.#healthChecks.close()
    await this.#reconciler.stop()
    await this.#flows.idle()
  }

  /** Takes an event. After an error its effect is unknown, so everything is rendered again. */
  #take(event: SourceEvent): void {
    try {
      this.#reconciler.accept(event)
    } catch (error) {
      this.#bug(error)
      this.#reconciler.reconfigure()
    }
    if (event.kind === 'listed' && event.resource === 'nodes') this.#nodes.listed()
  }

  #enforce(configuration: Configuration): void {
    this.#configuration.replace(configuration)
    this.#store.setLimits(configuration.limits)
    this.telemetry.answerAsKubeProxy(configuration.kubeProxyAddresses)
    this.#comparisons.restart()
    this.#reconciler.reconfigure()
  }

  async #start(wanted: Goal): Promise<Started> {
    const { ownership } = this.#configuration.chosen
    const { goal, choice } = await this.#dataplanes.decide(wanted)
    const started = await this.#dataplanes.start(goal, { ownership, watch: true })
    if (started.kind === 'failed') return started
    this.telemetry.tell(backendChosen(goal.settings, choice, started.flavour))
    return started
  }

  #started(session: Session, settings: Settings): void {
    this.#configuration.started(settings)
    this.telemetry.tell(ownershipOf(session, this.#configuration.chosen.ownership))
    this.#parts.connections.follow(session, settings)
    this.#session = session
    this.#incomplete.tell(session.renderer.situation)
    this.#surroundings.look(session)
    this.#parts.announcing.programmed()
  }

  #compare(): void {
    this.#reconciler.verify()
    this.#surroundings.look(this.#session)
  }

  #view(node: string): TelemetryOptions['view'] {
    return {
      objects: () => this.#store.counts(),
      services: (only) => {
        const { settings } = this.#configuration
        return serviceSummaries({ settings, node, only }, this.#store, this.#denials)
      },
      uid: (service) => this.#store.uid(service),
      healthChecks: () => this.#healthChecks.open,
      droppedPorts: () => this.#localPolicies.counts(),
      generation: () => this.#dataplanes.generation(),
      affinity: () => this.#dataplanes.affinity(),
      conntrack: () => conntrackFill(),
      totals: () => this.#counts.totals(),
      connections: () => this.#parts.connections.counted(this.#store),
      announce: this.#parts.announcing,
    }
  }
}
