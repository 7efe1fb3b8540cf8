import type { AffinityFill } from '../apply/nftables/affinity-fill.ts'
import { type Problem, printProblem } from '../decode/problem.ts'
import type { DroppedPorts } from '../frontend/local-policies.ts'
import type { IpFamily } from '../model/address.ts'
import type { KubeProxyAddresses } from '../model/listening.ts'
import type { NodeFacts } from '../model/node-facts.ts'
import { eventRetry, Waits } from '../model/retry.ts'
import type { ServiceName } from '../model/service-name.ts'
import { EventQueue, type EventSink } from '../telemetry/event-queue.ts'
import type { Moment } from '../telemetry/moment.ts'
import { withoutSecrets } from '../telemetry/secrets.ts'
import type { Resource } from '../watch/resources.ts'
import type { SourceState } from '../watch/source.ts'
import type { CountedConnections } from './connections.ts'
import { eventOf } from './events/kubernetes-event.ts'
import { type Log, openLog } from './events/log.ts'
import type { Level, Occurrence } from './events/occurrence.ts'
import { toldOnce } from './events/told-once.ts'
import { trackLatencies } from './latencies.ts'
import type { AnnounceSource } from './metrics/announce-metrics.ts'
import type { ChangedKind, Cleaning } from './metrics/kube-proxy-metrics.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import type { ServiceTotals } from './metrics/service-counts.ts'
import { type ServerOptions, type Servers, startServers } from './servers.ts'
import { newState } from './status/agent-state.ts'
import { health } from './status/health.ts'
import { nodeFacts } from './status/node-facts.ts'
import { follow } from './status/state.ts'
import { type Status, statusOf } from './status/status.ts'
import type { ServiceSummary } from './status/status-services.ts'

/**
 * Everything that is reported to operators, in all ways at once: log, metrics, probes, status,
 * Events.
 */
export interface Telemetry {
  /** Reports an occurrence. Never throws, never waits. */
  tell(occurrence: Occurrence): void
  /** Reports the state of a watch, as the source gives it. */
  watch(resource: Resource, state: SourceState): void
  /**
   * Reports all problems of one object; none if it is in order. `service` is the Service that they
   * are about.
   */
  problems(object: string, problems: readonly Problem[], service?: ServiceName): void
  /** Reports all problems of the source itself, such as files that cannot be read. */
  sourceProblems(problems: readonly Problem[]): void
  /**
   * Notes that a commit or comparison of all changes so far begins; its outcome is reported with
   * `tell`.
   */
  attempting(): void
  /** Notes that a slice changed, at `triggered` ms since 1970: its latency ends with its commit. */
  sliceChanged(triggered: number | undefined, family: IpFamily): void
  /** Notes that an object changed; it will be in one of the next commits. */
  changed(kind: ChangedKind): void
  /** Notes that stale flows of one family were searched for. */
  flowsCleaned(cleaning: Cleaning): void
  /** Returns kube-proxy's "healthy", for the answers of healthCheckNodePort. */
  healthy(): boolean
  /** Answers as kube-proxy does at these addresses from now on, and at no others. */
  answerAsKubeProxy(addresses: KubeProxyAddresses): void
  /** Returns the present status; of Services only those of the name, if one is given. */
  status(only?: string): Status
  /** Returns what is to be told of this node in the API server. */
  facts(): NodeFacts
  readonly metrics: Metrics
  /** Closes all servers and flushes the log. */
  close(): Promise<void>
}

/** The values that telemetry reads from the agent when it is asked for them. */
interface AgentView {
  readonly objects: () => Readonly<Record<'services' | 'endpointslices', number>>
  readonly services: (only?: string) => Iterable<ServiceSummary>
  /** Returns the metadata.uid of a Service (`namespace/name`). */
  readonly uid: (service: string) => string | undefined
  /** Returns the number of open healthCheckNodePorts. */
  readonly healthChecks: () => number
  readonly droppedPorts: () => DroppedPorts
  /**
   * Returns the generation of the rule set, in which the kernel counts the commits of all
   * processes.
   */
  readonly generation: () => Promise<number | undefined>
  readonly affinity: () => Promise<readonly AffinityFill[]>
  readonly conntrack: () => { readonly count: number; readonly max: number } | undefined
  readonly totals: () => ServiceTotals
  readonly connections: () => Promise<CountedConnections>
  readonly announce: AnnounceSource
}

export interface TelemetryOptions extends ServerOptions {
  readonly version: string
  readonly node: string
  readonly view: AgentView
  readonly level?: Level
  readonly log?: Log
  readonly events?: EventSink
}

/**
 * Opens the log and starts the servers. Never throws: an address in use is reported and tried
 * again.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { version, node } = options
  const view = { ...options.view, version, node }
  const [state, began] = [newState(Date.now()), performance.now()]
  const [log, isNews] = [options.log ?? openLog(options.level ?? 'info'), toldOnce()]
  const metrics = createMetrics({ ...view, state, linesLost: () => log.linesLost() })
  const latencies = trackLatencies(state, metrics)
  const status = (only?: string): Status => statusOf(state, view, Date.now(), only)
  let queue: EventQueue | undefined

  const take = (occurrence: Occurrence): void => {
    follow(state, occurrence, Date.now(), performance.now())
    metrics.observe(occurrence)
    if (isNews(occurrence)) log.write(occurrence)
    if (queue === undefined) return
    const event = eventOf(occurrence, { node, uid: view.uid }, new Date())
    if (event !== undefined) queue.add(event)
  }

  const tell = (told: Occurrence): void => {
    const first = state.firstCommitAt === undefined
    take(withoutSecrets(told))
    if (told.event !== 'kernel-committed') return
    const startMs = Math.round(performance.now() - began)
    if (first) take({ event: 'agent-ready', operations: told.operations, startMs })
    take({ event: 'commits-resumed' })
    latencies.committed()
  }

  if (options.events !== undefined) queue = startEvents(options.events, metrics, tell)
  const servers = startServers(options, { ...view, state, metrics, status, tell })
  return {
    tell,
    ...latencies.told,
    ...translated(tell),
    changed: metrics.kubeProxy.changed,
    flowsCleaned: metrics.kubeProxy.cleaned,
    healthy: () => health(state, performance.now()).good,
    answerAsKubeProxy: servers.answerAsKubeProxy,
    status,
    facts: () => nodeFacts(state, { version, ...latencies }, moment()),
    metrics,
    close: () => closed(queue, servers, log),
  }
}

/** Closes everything, and writes the last lines of the log when nothing can add more. */
async function closed(
  queue: EventQueue | undefined,
  servers: Pick<Servers, 'close'>,
  log: Log,
): Promise<void> {
  queue?.close()
  await servers.close()
  log.flush()
}

/** Returns functions that report what sources find, as occurrences. */
function translated(tell: Tell): Pick<Telemetry, 'watch' | 'problems' | 'sourceProblems'> {
  return {
    watch: (resource, watched) => tell(watchOccurrence(resource, watched)),
    problems: (object, problems, service) => tell(problemOccurrence(object, problems, service)),
    sourceProblems: (problems) => tell(sourceOccurrence(problems)),
  }
}

type Tell = Telemetry['tell']

function moment(): Moment {
  return { now: Date.now(), steady: performance.now() }
}

function startEvents(sink: EventSink, metrics: Metrics, tell: Tell): EventQueue {
  let dropped = 0
  return new EventQueue({
    sink,
    waits: new Waits(eventRetry),
    onOutcome(outcome) {
      metrics.eventSent(outcome)
      if (outcome === 'dropped') dropped++
    },
    onTrouble(reason) {
      if (reason !== undefined) return tell({ event: 'kubernetes-events-failed', reason })
      tell({ event: 'kubernetes-events-resumed', dropped })
      dropped = 0
    },
  })
}

function watchOccurrence(resource: Resource, watched: SourceState): Occurrence {
  switch (watched.kind) {
    case 'listing':
      return { event: 'watch-listing', resource }
    case 'following':
      return { event: 'watch-following', resource, resourceVersion: watched.resourceVersion }
    case 'lost':
      return { event: 'watch-lost', resource, reason: watched.reason, retryMs: watched.retryMs }
  }
}

function problemOccurrence(
  object: string,
  found: readonly Problem[],
  service: ServiceName | undefined,
): Occurrence {
  const problems = found.map(printProblem)
  if (found.length === 0) return { event: 'object-in-order', object }
  const bad = found.some(({ severity }) => severity === 'error')
  if (!bad) return { event: 'object-noted', object, problems }
  return { event: 'object-invalid', object, problems, ...(service !== undefined && { service }) }
}

function sourceOccurrence(problems: readonly Problem[]): Occurrence {
  if (problems.length === 0) return { event: 'source-in-order' }
  return { event: 'source-problem', problems: problems.map(printProblem) }
}
