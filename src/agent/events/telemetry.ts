import type { AffinityFill } from '../../apply/nftables/affinity-fill.ts'
import { type Problem, printProblem } from '../../decode/problem.ts'
import type { DroppedPorts } from '../../frontend/local-policies.ts'
import type { IpFamily } from '../../model/address.ts'
import type { KubeProxyAddresses } from '../../model/listening.ts'
import { trackLatency } from '../../telemetry/latency.ts'
import { withoutSecrets } from '../../telemetry/secrets.ts'
import type { Resource } from '../../watch/resources.ts'
import type { SourceState } from '../../watch/source.ts'
import { newState } from './agent-state.ts'
import { EventQueue, type EventSink } from './event-queue.ts'
import { health } from './health.ts'
import type { ChangedKind, Cleaning } from './kube-proxy-metrics.ts'
import { eventOf } from './kubernetes-event.ts'
import { type Log, openLog } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { Level, Occurrence } from './occurrence.ts'
import { type ServerOptions, startServers } from './servers.ts'
import { follow } from './state.ts'
import { type ServiceSummary, type Status, statusOf } from './status.ts'
import { toldOnce } from './told-once.ts'

/** What operators learn of the agent, in all ways at once: log, metrics, probes, status, Events. */
export interface Telemetry {
  /** Something happened. Never throws, never waits. */
  tell(occurrence: Occurrence): void
  /** The state of a watch, as sources tell it. */
  watch(resource: Resource, state: SourceState): void
  /** All problems of one object; none: it is in order. */
  problems(object: string, problems: readonly Problem[]): void
  /** All problems of the source itself, such as files that cannot be read. */
  sourceProblems(problems: readonly Problem[]): void
  /** A commit or a comparison begins, of all that changed so far; what came of it is told. */
  attempting(): void
  /** A slice changed, at `triggered` ms since 1970: its latency ends with the commit it is in. */
  sliceChanged(triggered: number | undefined, family: IpFamily): void
  /** An object changed, and will be in one of the next commits. */
  changed(kind: ChangedKind): void
  /** Stale flows of one family were looked for. */
  flowsCleaned(cleaning: Cleaning): void
  /** kube-proxy's "healthy", for the answers of healthCheckNodePort. */
  healthy(): boolean
  /** From now on, answers as kube-proxy does at these addresses, and at no others. */
  answerAsKubeProxy(addresses: KubeProxyAddresses): void
  status(): Status
  readonly metrics: Metrics
  /** Closes what listens; `flush`es the log. */
  close(): Promise<void>
}

/** What telemetry asks the agent for when it is asked itself. */
interface AgentView {
  objects(): Readonly<Record<'services' | 'endpointslices', number>>
  services(): Iterable<ServiceSummary>
  /** metadata.uid of a Service (`namespace/name`). */
  uid(service: string): string | undefined
  /** Open ports of healthCheckNodePort. */
  healthChecks(): number
  droppedPorts(): DroppedPorts
  /** Of the rule set, as the kernel counts commits of all processes. */
  generation(): Promise<number | undefined>
  affinity(): Promise<readonly AffinityFill[]>
}

export interface TelemetryOptions extends ServerOptions {
  readonly version: string
  readonly node: string
  readonly view: AgentView
  readonly level?: Level
  readonly log?: Log
  readonly events?: EventSink
}

export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { version, node, view } = options
  const [state, began] = [newState(Date.now()), performance.now()]
  const log = options.log ?? openLog(options.level ?? 'info')
  const isNews = toldOnce()
  const latencies = { ipv4: trackLatency(), ipv6: trackLatency() }
  const metrics = createMetrics({
    version,
    state,
    objects: () => view.objects(),
    linesLost: () => log.linesLost(),
    healthChecks: () => view.healthChecks(),
    droppedPorts: () => view.droppedPorts(),
    generation: () => view.generation(),
    affinity: () => view.affinity(),
  })
  const status = (): Status => {
    return statusOf(state, {
      version,
      node,
      objects: () => view.objects(),
      services: () => view.services(),
    })
  }
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
    const { operations } = told
    const startMs = Math.round(performance.now() - began)
    if (first) take({ event: 'agent-ready', operations, startMs })
    take({ event: 'commits-resumed' })
    for (const family of FAMILIES) {
      for (const seconds of latencies[family].committed()) metrics.programmed(seconds, family)
    }
  }

  if (options.events !== undefined) queue = startEvents(options.events, metrics, tell)
  const servers = startServers(options, { state, metrics, status, tell })
  return {
    tell,
    watch: (resource, watched) => tell(watchOccurrence(resource, watched)),
    problems: (object, problems) => tell(problemOccurrence(object, problems)),
    sourceProblems: (problems) => tell(sourceOccurrence(problems)),
    attempting() {
      state.attemptSince = performance.now()
      for (const family of FAMILIES) latencies[family].attempting()
      metrics.kubeProxy.attempting()
    },
    changed: metrics.kubeProxy.changed,
    flowsCleaned: metrics.kubeProxy.cleaned,
    sliceChanged(triggered, family) {
      // What the first lists tell of happened before.
      if (state.firstCommitAt !== undefined) latencies[family].changed(triggered)
    },
    healthy: () => health(state, performance.now()).good,
    answerAsKubeProxy: servers.answerAsKubeProxy,
    status,
    metrics,
    async close() {
      queue?.close()
      await servers.close()
      log.flush()
    },
  }
}

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

type Tell = Telemetry['tell']

function startEvents(sink: EventSink, metrics: Metrics, tell: Tell): EventQueue {
  let dropped = 0
  return new EventQueue({
    sink,
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

function problemOccurrence(object: string, found: readonly Problem[]): Occurrence {
  const problems = found.map(printProblem)
  if (found.length === 0) return { event: 'object-in-order', object }
  const bad = found.some(({ severity }) => severity === 'error')
  return { event: bad ? 'object-invalid' : 'object-noted', object, problems }
}

function sourceOccurrence(problems: readonly Problem[]): Occurrence {
  if (problems.length === 0) return { event: 'source-in-order' }
  return { event: 'source-problem', problems: problems.map(printProblem) }
}
