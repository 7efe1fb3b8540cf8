import { Counter, Histogram, Registry } from 'prom-client'
import type { IpFamily } from '../../model/address.ts'
import { boundedLabel, lossCause } from '../../telemetry/bounded-label.ts'
import type { EventOutcome } from '../../telemetry/event-queue.ts'
import { registerProcessMetrics } from '../../telemetry/process-metrics.ts'
import type { Occurrence } from '../events/occurrence.ts'
import { type AnnounceSource, registerAnnounceMetrics } from './announce-metrics.ts'
import { registerAnnouncedMetrics } from './announced-metrics.ts'
import { registerBgpMetrics } from './bgp-metrics.ts'
import {
  createKubeProxyMetrics,
  isKubeProxyMetric,
  type KubeProxyMetrics,
  type KubeProxySource,
} from './kube-proxy-metrics.ts'
import { registerServiceMetrics, type ServiceSource } from './service-metrics.ts'
import { registerStateMetrics, type StateSource } from './state-metrics.ts'

export interface Metrics {
  observe(occurrence: Occurrence): void
  /** Records the time from the change that caused a new slice to the commit, in seconds. */
  programmed(seconds: number, family: IpFamily): void
  answered(path: string, code: number): void
  readonly kubeProxy: Omit<KubeProxyMetrics, 'observe' | 'programmed'>
  /** Sets whether metrics have kube-proxy's names, too; beside kube-proxy, it has them itself. */
  nameAsKubeProxy(yes: boolean): void
  eventSent(outcome: EventOutcome): void
  /** The Content-Type of `text`, which is in Prometheus text format 0.0.4. */
  readonly contentType: string
  text(): Promise<string>
  readonly registry: Registry
}

type MetricsSource = StateSource &
  ServiceSource &
  KubeProxySource & { readonly node: string; readonly announce: AnnounceSource }

/** The buckets of kube-proxy, from 1 ms to 16 s. */
const SYNC_BUCKETS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i)
/**
 * The buckets, finer than kube-proxy's below a second, where differences matter; then up to five
 * minutes.
 */
const LATENCY_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300,
]
/** The most process names that are kept apart in labels; the others are `other`. */
const PROCESSES = 20

/** Registers all metrics in a registry of their own; `source` is read when they are scraped. */
export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry()
  const made = { ...histograms(registry), ...counters(registry) }
  registerStateMetrics(registry, source)
  registerServiceMetrics(registry, source)
  registerProcessMetrics(registry)
  const announce = registerAnnounceMetrics(registry, source)
  const announced = registerAnnouncedMetrics(registry, source)
  const bgp = registerBgpMetrics(registry, source.announce)
  const kubeProxy = createKubeProxyMetrics(registry, source)
  let asKubeProxy = false
  const processLabel = boundedLabel(PROCESSES)
  return {
    kubeProxy,
    nameAsKubeProxy(yes) {
      asKubeProxy = yes
    },
    observe(occurrence) {
      observe(made, processLabel, occurrence)
      kubeProxy.observe(occurrence)
      announce.observe(occurrence)
      announced.observe(occurrence)
      bgp.observe(occurrence)
    },
    programmed(seconds, family) {
      made.latency.observe(seconds)
      kubeProxy.programmed(seconds, family)
    },
    answered: (path, code) => made.answers.inc({ path, code }),
    eventSent: (outcome) => made.events.inc({ outcome }),
    contentType: registry.contentType,
    text: () => (asKubeProxy ? registry.metrics() : ownText(registry)),
    registry,
  }
}

async function ownText(registry: Registry): Promise<string> {
  const names = registry.getMetricsAsArray().map(({ name }) => name)
  const own = names.filter((name) => !isKubeProxyMetric(name))
  const texts = await Promise.all(own.map((name) => registry.getSingleMetricAsString(name)))
  return `${texts.join('\n\n')}\n`
}

type Made = ReturnType<typeof histograms> & ReturnType<typeof counters>

function histograms(registry: Registry) {
  const registers = [registry]
  return {
    duration: new Histogram({
      name: 'nodelb_sync_duration_seconds',
      help: 'From the start of rendering to the answer of the kernel.',
      buckets: SYNC_BUCKETS,
      registers,
    }),
    latency: new Histogram({
      name: 'nodelb_programming_duration_seconds',
      help: 'From the change that an EndpointSlice tells of to its commit.',
      buckets: LATENCY_BUCKETS,
      registers,
    }),
  }
}

function counters(registry: Registry) {
  const registers = [registry]
  const counter = <Label extends string = never>(
    name: string,
    help: string,
    ...labelNames: Label[]
  ) => new Counter<Label>({ name, help, labelNames, registers })
  const made = {
    commits: counter('nodelb_commits_total', 'Transactions, by outcome.', 'outcome'),
    operations: counter('nodelb_operations_total', 'Operations that the kernel took.'),
    bytes: counter(
      'nodelb_netlink_sent_bytes_total',
      'Bytes of transactions that the kernel took.',
    ),
    compared: counter('nodelb_comparisons_total', 'Full comparisons of kernel and plan.'),
    drift: counter('nodelb_drift_repaired_total', 'Operations it took to repair what differed.'),
    foreign: counter(
      'nodelb_foreign_changes_total',
      'Transactions of others in the tables of nodelb, by process name.',
      'process',
    ),
    losses: counter(
      'nodelb_watch_restarts_total',
      'Watches lost and begun again, by resource and cause.',
      'resource',
      'cause',
    ),
    flows: counter('nodelb_flows_deleted_total', 'Stale flows deleted from conntrack.'),
    answers: counter(
      'nodelb_http_responses_total',
      'Answers to probes and scrapes.',
      'path',
      'code',
    ),
    events: counter('nodelb_kubernetes_events_total', 'Kubernetes Events, by outcome.', 'outcome'),
  }
  for (const outcome of ['committed', 'failed']) made.commits.inc({ outcome }, 0)
  return made
}

function observe(made: Made, process: (name: string) => string, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'kernel-committed':
      // A commit without operations sends nothing.
      if (occurrence.operations > 0) made.commits.inc({ outcome: 'committed' })
      made.operations.inc(occurrence.operations)
      made.bytes.inc(occurrence.bytes)
      made.duration.observe(occurrence.durationMs / 1000)
      return
    case 'commit-failed':
      made.commits.inc({ outcome: 'failed' })
      made.duration.observe(occurrence.durationMs / 1000)
      return
    case 'kernel-compared':
      made.compared.inc()
      return
    case 'drift-repaired':
      made.drift.inc(occurrence.operations)
      return
    case 'foreign-change':
      made.foreign.inc({ process: process(occurrence.process ?? 'unknown') })
      return
    case 'watch-lost': {
      const { resource, reason } = occurrence
      made.losses.inc({ resource, cause: lossCause(reason) })
      return
    }
    case 'flows-deleted':
      made.flows.inc(occurrence.deleted)
      return
  }
}
