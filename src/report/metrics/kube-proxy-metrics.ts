import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DroppedPorts } from '../../frontend/local-policies.ts'
import type { IpFamily } from '../../model/address.ts'
import type { Occurrence } from '../events/occurrence.ts'

/** The kind of object that changed: a Service, or a slice of endpoints. */
export type ChangedKind = 'service' | 'endpoint'

/** The outcome of one search for stale flows. */
export interface Cleaning {
  readonly family: IpFamily
  readonly seconds: number
  readonly deleted: number
}

/**
 * kube-proxy's metrics (pkg/proxy/metrics/metrics.go), as far as nodelb does what they measure, so
 * that alerts and dashboards keep working. kube-proxy has a proxier for each family; a transaction
 * of nodelb counts for both.
 */
export interface KubeProxyMetrics {
  observe(occurrence: Occurrence): void
  /** Notes that an object changed; it will be in one of the next commits. */
  changed(kind: ChangedKind): void
  /** Notes that all changes so far are in the commit that begins now. */
  attempting(): void
  programmed(seconds: number, family: IpFamily): void
  cleaned(cleaning: Cleaning): void
  /** Counts an answer on kube-proxy's healthzBindAddress. */
  answered(path: string, code: number): void
}

const FAMILIES = ['IPv4', 'IPv6'] as const
const VERSIONS = { ipv4: 'IPv4', ipv6: 'IPv6' } as const
const PREFIX = 'kubeproxy_'

/** The buckets, from 1 ms to 16 s. */
const SYNC_BUCKETS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i)

/**
 * The buckets of kube-proxy, including its zero: quarters of a second, seconds, and steps of 5 s
 * and 30 s above.
 */
const LATENCY_BUCKETS = [
  ...[0, 0.25, 0.5],
  ...Array.from({ length: 59 }, (_, i) => 1 + i),
  ...Array.from({ length: 12 }, (_, i) => 60 + 5 * i),
  ...Array.from({ length: 7 }, (_, i) => 120 + 30 * i),
]

/** Returns whether a metric is one that kube-proxy has, too. */
export function isKubeProxyMetric(name: string): boolean {
  return name.startsWith(PREFIX)
}

/** Values of the present moment, read when scraped. */
export interface KubeProxySource {
  readonly droppedPorts: () => DroppedPorts
}

/** Registers the metrics. `now` returns milliseconds since 1970. */
export function createKubeProxyMetrics(
  registry: Registry,
  { droppedPorts }: KubeProxySource,
  now: () => number = Date.now,
): KubeProxyMetrics {
  const made = metricsIn(registry)
  registerDroppedPorts(registry, droppedPorts)
  return {
    observe: syncsIn(made, now),
    changed(kind) {
      made.pending.changed(kind)
      for (const ip_family of FAMILIES) made.queued.set({ ip_family }, now() / 1000)
    },
    attempting: () => made.pending.attempting(),
    programmed(seconds, family) {
      made.latency.observe({ ip_family: VERSIONS[family] }, seconds)
    },
    cleaned({ family, seconds, deleted }) {
      const ip_family = VERSIONS[family]
      made.cleaning.observe({ ip_family }, seconds)
      made.deletedFlows.inc({ ip_family }, deleted)
    },
    answered(path, code) {
      if (path === '/healthz') made.healthz.inc({ code })
      if (path === '/livez') made.livez.inc({ code })
    },
  }
}

/**
 * Returns an observer that counts and times each attempt to bring the kernel in line with the
 * objects.
 */
function syncsIn(made: Made, now: () => number): KubeProxyMetrics['observe'] {
  let backend = ''
  const synced = (): void => {
    for (const ip_family of FAMILIES) made.last.set({ ip_family }, now() / 1000)
    made.pending.synced()
  }
  const took = (durationMs: number, full: boolean): void => {
    for (const ip_family of FAMILIES) {
      made.duration.observe({ ip_family }, durationMs / 1000)
      const part = full ? made.full : made.partial
      part.observe({ ip_family }, durationMs / 1000)
    }
  }
  return (occurrence) => {
    switch (occurrence.event) {
      case 'backend-chosen':
        backend = occurrence.backend
        return
      case 'kernel-committed':
        took(occurrence.durationMs, occurrence.compared)
        return synced()
      case 'kernel-compared':
        took(occurrence.durationMs, true)
        return synced()
      case 'drift-repaired':
        return synced()
      case 'commit-failed': {
        took(occurrence.durationMs, false)
        const failures = backend === 'iptables' ? made.iptablesFailures : made.nftablesFailures
        for (const ip_family of FAMILIES) failures.inc({ ip_family })
        return
      }
    }
  }
}

type Made = ReturnType<typeof metricsIn>
type Family = 'ip_family'

function metricsIn(registry: Registry) {
  const registers = [registry]
  const labelNames: Family[] = ['ip_family']
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram<Family>({ name: PREFIX + name, help, buckets, labelNames, registers })
  const gauge = (name: string, help: string) =>
    new Gauge<Family>({ name: PREFIX + name, help, labelNames, registers })
  const counter = <Label extends string>(name: string, help: string, ...labels: Label[]) =>
    new Counter<Label>({ name: PREFIX + name, help, labelNames: labels, registers })
  const rules = 'sync_proxy_rules'
  return {
    duration: histogram(`${rules}_duration_seconds`, 'SyncProxyRules latency.', SYNC_BUCKETS),
    full: histogram('sync_full_proxy_rules_duration_seconds', 'Full resyncs.', SYNC_BUCKETS),
    partial: histogram('sync_partial_proxy_rules_duration_seconds', 'Changes.', SYNC_BUCKETS),
    latency: histogram('network_programming_duration_seconds', 'To the commit.', LATENCY_BUCKETS),
    last: gauge(`${rules}_last_timestamp_seconds`, 'The last time rules were synced.'),
    queued: gauge(`${rules}_last_queued_timestamp_seconds`, 'The last time a sync was queued.'),
    nftablesFailures: counter(`${rules}_nftables_sync_failures_total`, 'Failures.', 'ip_family'),
    iptablesFailures: counter(
      `${rules}_iptables_restore_failures_total`,
      'Failures with the backend iptables.',
      'ip_family',
    ),
    cleaning: histogram(
      'conntrack_reconciler_sync_duration_seconds',
      'Looking for stale flows.',
      SYNC_BUCKETS,
    ),
    deletedFlows: counter(
      'conntrack_reconciler_deleted_entries_total',
      'Stale flows deleted from conntrack.',
      'ip_family',
    ),
    healthz: counter('proxy_healthz_total', 'Answers as kube-proxy, /healthz.', 'code'),
    livez: counter('proxy_livez_total', 'Answers as kube-proxy, /livez.', 'code'),
    pending: pendingIn(registry, `${PREFIX}${rules}`),
  }
}

function registerDroppedPorts(registry: Registry, counts: () => DroppedPorts): void {
  new Gauge({
    name: `${PREFIX}sync_proxy_rules_no_local_endpoints_total`,
    help: 'Ports of Services with a policy Local that have endpoints, but none on this node.',
    labelNames: ['traffic_policy', 'ip_family'],
    registers: [registry],
    collect() {
      const now = counts()
      for (const traffic_policy of ['internal', 'external'] as const) {
        for (const family of ['ipv4', 'ipv6'] as const) {
          const labels = { traffic_policy, ip_family: VERSIONS[family] }
          this.set(labels, now[traffic_policy][family])
        }
      }
    },
  })
}

/** Registers the numbers of changes seen and of those that are in no commit yet. */
function pendingIn(registry: Registry, prefix: string) {
  const registers = [registry]
  const kinds = (['service', 'endpoint'] as const).map((kind) => {
    const name = `${prefix}_${kind}_changes`
    const total = new Counter({ name: `${name}_total`, help: 'Changes seen.', registers })
    const gauge = new Gauge({ name: `${name}_pending`, help: 'Changes not synced.', registers })
    return { kind, total, gauge, waiting: 0, underWay: 0 }
  })
  return {
    changed(changed: ChangedKind): void {
      for (const each of kinds) {
        if (each.kind !== changed) continue
        each.total.inc()
        each.waiting++
        each.gauge.set(each.waiting + each.underWay)
      }
    },
    attempting(): void {
      for (const each of kinds) {
        each.underWay += each.waiting
        each.waiting = 0
      }
    },
    synced(): void {
      for (const each of kinds) {
        each.underWay = 0
        each.gauge.set(each.waiting)
      }
    },
  }
}
