import { readFileSync } from 'node:fs'
import { Counter, Gauge, Histogram } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/report/events/catalogue.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { createMetrics } from '../../src/report/metrics/metrics.ts'
import { newState } from '../../src/report/status/agent-state.ts'
import { follow } from '../../src/report/status/state.ts'
import { lossCause } from '../../src/telemetry/bounded-label.ts'
import { trackLatency } from '../../src/telemetry/latency.ts'
import { noAnnouncing } from '../support/no-announcing.ts'

const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

/** The cells of all rows of the table below this head. */
function table(head: string): string[][] {
  const below = docs.slice(docs.indexOf(`| ${head} |`)).split('\n\n')[0] ?? ''
  const rows = below.split('\n').slice(2)
  return rows
    .filter((row) => row.startsWith('|'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

function start() {
  const state = newState(1_000)
  const metrics = createMetrics({
    announce: noAnnouncing,
    version: '1.2.3',
    node: 'node-a',
    state,
    objects: () => ({ services: 3, endpointslices: 4 }),
    linesLost: () => 5,
    healthChecks: () => 2,
    conntrack: () => ({ count: 900, max: 1000 }),
    totals: () => ({
      ...{ services: 5, frontends: 20, ready: 7, notReady: 2 },
      withoutEndpoints: new Map([['shop/lonely', 3]]),
    }),
    droppedPorts: () => ({
      internal: { ipv4: 3, ipv6: 1 },
      external: { ipv4: 0, ipv6: 2 },
    }),
    generation: async () => 18,
    affinity: async () => [
      { family: 'ip', crowded: 2, clients: 300, fullest: 0.5 },
      { family: 'ip6', crowded: 0, clients: undefined, fullest: undefined },
    ],
  })
  const tell = (occurrence: Occurrence): void => {
    follow(state, occurrence, 3_000)
    metrics.observe(occurrence)
  }
  return { metrics, tell }
}

/** The value of one line of the exposition. */
async function value(metrics: ReturnType<typeof start>['metrics'], line: string) {
  const found = (await metrics.text()).split('\n').find((each) => each.startsWith(`${line} `))
  return found === undefined ? undefined : Number(found.slice(line.length + 1))
}

describe('docs/metrics.md lists', () => {
  test('every metric with its type and labels, and no other', () => {
    const { registry } = start().metrics
    const made = registry.getMetricsAsArray().map(({ name }) => {
      const metric = registry.getSingleMetric(name)
      const type = [Counter, Gauge, Histogram].find((kind) => metric instanceof kind)
      const { labelNames } = metric as unknown as { labelNames: string[] }
      const labels = labelNames.map((label) => `\`${label}\``).join(', ')
      return [`\`${name}\``, type?.name.toLowerCase(), labels || '–']
    })
    const listed = table('Metric').map(([name, type, labels]) => [name, type, labels])
    expect(listed.sort()).toEqual(made.sort())
  })

  test('every event of the log with its level, and no other', () => {
    const made = Object.entries(CATALOGUE).map(([name, { level, says }]) => {
      return [`\`${name}\``, level, says]
    })
    expect(table('Event').sort()).toEqual(made.sort())
  })
})

describe('the exposition', () => {
  test('is the text format of Prometheus', async () => {
    const { metrics } = start()
    metrics.programmed(0.2, 'ipv4')
    metrics.answered('/livez', 200)
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    const sample = /^[a-z_]+(\{([a-z_]+="[^"\\\n]*",?)+\})? (NaN|[+-]?Inf|-?\d[\d.e+-]*)$/
    const lines = (await metrics.text()).split('\n').filter((line) => line !== '')
    for (const line of lines) {
      expect(line).toMatch(line.startsWith('#') ? /^# (HELP|TYPE) [a-z0-9_]+ \S/ : sample)
    }
    expect(lines.length).toBeGreaterThan(60)
  })

  test('counts commits, operations and bytes', async () => {
    const { metrics, tell } = start()
    expect(await value(metrics, 'nodelb_commits_total{outcome="failed"}')).toBe(0)
    tell({ event: 'kernel-committed', operations: 3, bytes: 200, durationMs: 4, compared: true })
    tell({ event: 'kernel-committed', operations: 4, bytes: 100, durationMs: 4, compared: false })
    tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    expect(await value(metrics, 'nodelb_commits_total{outcome="committed"}')).toBe(2)
    expect(await value(metrics, 'nodelb_commits_total{outcome="failed"}')).toBe(1)
    expect(await value(metrics, 'nodelb_operations_total')).toBe(7)
    expect(await value(metrics, 'nodelb_netlink_sent_bytes_total')).toBe(300)
    expect(await value(metrics, 'nodelb_ruleset_generation')).toBe(18)
    expect(await value(metrics, 'nodelb_last_commit_timestamp_seconds')).toBe(3)
    expect(await value(metrics, 'nodelb_start_duration_seconds')).toBe(2)
    expect(await value(metrics, 'nodelb_sync_duration_seconds_count')).toBe(3)
    expect(await value(metrics, 'nodelb_sync_duration_seconds_bucket{le="0.004"}')).toBe(3)
  })

  test('tells how full the memory of clients is, where the kernel counts them', async () => {
    const { metrics } = start()
    expect(await value(metrics, 'nodelb_affinity_crowded_addresses{family="ipv4"}')).toBe(2)
    expect(await value(metrics, 'nodelb_affinity_clients{family="ipv4"}')).toBe(300)
    expect(await value(metrics, 'nodelb_affinity_fullest_ratio{family="ipv4"}')).toBe(0.5)
    expect(await value(metrics, 'nodelb_affinity_crowded_addresses{family="ipv6"}')).toBe(0)
    expect(await value(metrics, 'nodelb_affinity_clients{family="ipv6"}')).toBeUndefined()
  })

  test('shows what is so', async () => {
    const { metrics, tell } = start()
    tell({ event: 'watch-following', resource: 'services', resourceVersion: '1' })
    tell({ event: 'address-contested', service: 'a/b', address: '10.0.0.1:80/tcp', winner: 'c/d' })
    tell({ event: 'object-invalid', object: 'Service a/b', problems: ['x'] })
    tell({ event: 'health-check-waiting', service: 'a/b', port: 30000, reason: 'x' })
    tell({ event: 'table-owned' })
    expect(await value(metrics, 'nodelb_watch_following{resource="services"}')).toBe(1)
    expect(await value(metrics, 'nodelb_watch_following{resource="nodes"}')).toBe(0)
    expect(await value(metrics, 'nodelb_contested_addresses')).toBe(1)
    expect(await value(metrics, 'nodelb_invalid_objects')).toBe(1)
    expect(await value(metrics, 'nodelb_health_check_ports_waiting')).toBe(1)
    expect(await value(metrics, 'nodelb_health_check_ports')).toBe(2)
    expect(await value(metrics, 'nodelb_objects{resource="endpointslices"}')).toBe(4)
    expect(await value(metrics, 'nodelb_log_lines_lost_total')).toBe(5)
    expect(await value(metrics, 'nodelb_log_lines_lost_total')).toBe(5)
    expect(await value(metrics, 'nodelb_table_owned')).toBe(1)
    expect(await value(metrics, 'process_open_fds')).toBeGreaterThan(2)
    expect(await value(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(1e7)
  })

  test('counts ports that something else listens on, until it does not', async () => {
    const { metrics, tell } = start()
    const held = () => value(metrics, 'nodelb_held_ports')
    expect(await held()).toBe(0)
    tell({ event: 'ports-held', service: 'a/b', ports: ['192.0.2.1:80/tcp', '*:30080/tcp'] })
    tell({ event: 'ports-held', service: 'a/c', ports: ['192.0.2.1:81/tcp'] })
    expect(await held()).toBe(3)
    tell({ event: 'ports-free', service: 'a/b', exists: true })
    expect(await held()).toBe(1)
  })

  test('counts each Service once, by the worst that is true of it', async () => {
    const { metrics, tell } = start()
    tell({ event: 'address-contested', service: 'a/b', address: '10.0.0.1:80/tcp', winner: 'c/d' })
    tell({ event: 'address-contested', service: 'a/b', address: '10.0.0.1:81/tcp', winner: 'c/d' })
    tell({ event: 'address-contested', service: 'a/e', address: '10.0.0.1:80/tcp', winner: 'c/d' })
    tell({ event: 'service-refused', service: 'a/e', reason: 'x' })
    const services = (state: string) => value(metrics, `nodelb_services{state="${state}"}`)
    const frontends = (state: string) => value(metrics, `nodelb_frontends{state="${state}"}`)
    expect(await services('refused')).toBe(1)
    expect(await services('contested')).toBe(1)
    expect(await services('refusing')).toBe(1)
    expect(await services('serving')).toBe(2)
    expect(await frontends('contested')).toBe(3)
    expect(await frontends('refusing')).toBe(3)
    expect(await frontends('serving')).toBe(14)
    expect(await value(metrics, 'nodelb_endpoints{ready="true"}')).toBe(7)
    expect(await value(metrics, 'nodelb_endpoints{ready="false"}')).toBe(2)
  })

  test('a configuration is stale from its refusal until another one is in force', async () => {
    const { metrics, tell } = start()
    const stale = () => value(metrics, 'nodelb_config_stale')
    expect(await stale()).toBe(0)
    tell({ event: 'configuration-refused', source: 'x', reason: 'y' })
    expect(await stale()).toBe(1)
    tell({ event: 'configuration-waits', source: 'x', reason: 'y' })
    expect(await stale()).toBe(0)
    tell({ event: 'configuration-failed', source: 'x', reason: 'y' })
    expect(await stale()).toBe(1)
    tell({ event: 'configuration-loaded', source: 'x', notes: [] })
    expect(await stale()).toBe(0)
  })

  test('a thousand names of processes make twenty-one series', async () => {
    const { metrics, tell } = start()
    for (let pid = 0; pid < 1_000; pid++) {
      tell({ event: 'foreign-change', process: `p"\n${pid}`, pid, changes: 'a table' })
    }
    tell({ event: 'foreign-change', changes: 'a table' })
    const lines = (await metrics.text()).split('\n')
    const series = lines.filter((line) => line.startsWith('nodelb_foreign_changes_total{'))
    expect(series).toHaveLength(21)
    expect(await value(metrics, 'nodelb_foreign_changes_total{process="other"}')).toBe(981)
  })
})

test.each([
  ['list services: 410: too old resource version', 'expired'],
  ['watch services: 410: Expired', 'expired'],
  ['list nodes: 403: nodes is forbidden', 'forbidden'],
  ['list nodes: 429: Too many requests', 'throttled'],
  ['list services: 503: the server is starting', 'server-error'],
  ['watch services: connect ECONNREFUSED 127.0.0.1:6443', 'unreachable'],
  ['list services: getaddrinfo ENOTFOUND kubernetes', 'unreachable'],
  ['watch services: socket hang up', 'unreachable'],
  ['list services: no list: "<html>"', 'garbage'],
  ['watch services: the server ended it at once', 'closed'],
  ['watch services: no reason', 'other'],
])('a watch lost for «%s» counts as %s', (reason, cause) => {
  expect(lossCause(reason)).toBe(cause)
})

describe('in place of kube-proxy', () => {
  const family = (name: string, ip = 'IPv4') => `kubeproxy_${name}{ip_family="${ip}"}`
  const rules = 'sync_proxy_rules'

  test('its names are there, and beside it they are not', async () => {
    const { metrics } = start()
    expect(await metrics.text()).not.toContain('kubeproxy_')
    metrics.nameAsKubeProxy(true)
    const whole = await metrics.text()
    expect(whole).toContain('kubeproxy_sync_proxy_rules_endpoint_changes_total 0')
    metrics.nameAsKubeProxy(false)
    const own = await metrics.text()
    expect(own).not.toContain('kubeproxy_')
    expect(own.endsWith('\n')).toBe(true)
    expect(own).toContain('nodelb_ready 0')
  })

  test('a commit counts for each family, as a full or a partial sync', async () => {
    const { metrics, tell } = start()
    metrics.nameAsKubeProxy(true)
    const commit = { event: 'kernel-committed', operations: 3, bytes: 200, durationMs: 4 } as const
    tell({ ...commit, compared: true })
    tell({ ...commit, compared: false })
    tell({ ...commit, compared: false })
    tell({ event: 'kernel-compared', durationMs: 20 })
    for (const ip of ['IPv4', 'IPv6']) {
      expect(await value(metrics, family(`${rules}_duration_seconds_count`, ip))).toBe(4)
      expect(await value(metrics, family('sync_full_proxy_rules_duration_seconds_count', ip))).toBe(
        2,
      )
      const partial = family('sync_partial_proxy_rules_duration_seconds_count', ip)
      expect(await value(metrics, partial)).toBe(2)
    }
    const seconds = Date.now() / 1000
    const last = await value(metrics, family(`${rules}_last_timestamp_seconds`))
    expect(Math.abs(seconds - (last ?? 0))).toBeLessThan(60)
    tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    expect(await value(metrics, family(`${rules}_nftables_sync_failures_total`))).toBe(1)
    tell({ event: 'backend-chosen', backend: 'iptables', scope: 'all', reason: 'x' })
    tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    expect(await value(metrics, family(`${rules}_iptables_restore_failures_total`))).toBe(1)
    expect(await value(metrics, family(`${rules}_nftables_sync_failures_total`))).toBe(1)
  })

  test('what policies Local drop is asked for when a scrape comes', async () => {
    const { metrics } = start()
    metrics.nameAsKubeProxy(true)
    const dropped = (policy: string, ip: string) =>
      value(
        metrics,
        `kubeproxy_${rules}_no_local_endpoints_total{traffic_policy="${policy}",ip_family="${ip}"}`,
      )
    expect(await dropped('internal', 'IPv4')).toBe(3)
    expect(await dropped('internal', 'IPv6')).toBe(1)
    expect(await dropped('external', 'IPv4')).toBe(0)
    expect(await dropped('external', 'IPv6')).toBe(2)
  })

  test('each look for stale flows counts for its family', async () => {
    const { metrics } = start()
    metrics.nameAsKubeProxy(true)
    metrics.kubeProxy.cleaned({ family: 'ipv4', seconds: 0.003, deleted: 0 })
    metrics.kubeProxy.cleaned({ family: 'ipv4', seconds: 0.003, deleted: 7 })
    metrics.kubeProxy.cleaned({ family: 'ipv6', seconds: 0.003, deleted: 1 })
    const conntrack = (name: string, ip: string) =>
      value(metrics, family(`conntrack_reconciler_${name}`, ip))
    expect(await conntrack('sync_duration_seconds_count', 'IPv4')).toBe(2)
    expect(await conntrack('sync_duration_seconds_count', 'IPv6')).toBe(1)
    expect(await conntrack('deleted_entries_total', 'IPv4')).toBe(7)
    expect(await conntrack('deleted_entries_total', 'IPv6')).toBe(1)
  })

  test('changes are pending until the commit that begins after them is made', async () => {
    const { metrics, tell } = start()
    metrics.nameAsKubeProxy(true)
    const { kubeProxy } = metrics
    const pending = () => value(metrics, `kubeproxy_${rules}_endpoint_changes_pending`)
    kubeProxy.changed('endpoint')
    kubeProxy.changed('service')
    kubeProxy.attempting()
    kubeProxy.changed('endpoint')
    expect(await pending()).toBe(2)
    tell({ event: 'commit-failed', reason: 'EPERM', durationMs: 1 })
    expect(await pending()).toBe(2)
    tell({ event: 'kernel-committed', operations: 1, bytes: 1, durationMs: 1, compared: false })
    expect(await pending()).toBe(1)
    kubeProxy.attempting()
    tell({ event: 'kernel-committed', operations: 1, bytes: 1, durationMs: 1, compared: false })
    expect(await pending()).toBe(0)
    expect(await value(metrics, `kubeproxy_${rules}_endpoint_changes_total`)).toBe(2)
    expect(await value(metrics, `kubeproxy_${rules}_service_changes_total`)).toBe(1)
    expect(await value(metrics, `kubeproxy_${rules}_service_changes_pending`)).toBe(0)
    const queued = await value(metrics, family(`${rules}_last_queued_timestamp_seconds`, 'IPv6'))
    expect(queued).toBeGreaterThan(0)
  })

  test('programming latency has its buckets, and the family of the slice', async () => {
    const { metrics } = start()
    metrics.nameAsKubeProxy(true)
    metrics.programmed(0.3, 'ipv6')
    const lines = (await metrics.text()).split('\n')
    const name = 'kubeproxy_network_programming_duration_seconds_bucket'
    const of6 = lines.filter((line) => line.startsWith(`${name}{`) && line.includes('IPv6'))
    // 0, 0.25, 0.5; 1 to 59; 60 to 115 by 5; 120 to 300 by 30; and all.
    expect(of6).toHaveLength(3 + 59 + 12 + 7 + 1)
    expect(of6.find((line) => line.includes('le="0.25"'))).toMatch(/ 0$/)
    expect(of6.find((line) => line.includes('le="0.5"'))).toMatch(/ 1$/)
    expect(lines.some((line) => line.startsWith(name) && line.includes('IPv4'))).toBe(false)
  })
})

describe('programming latency', () => {
  test('from the trigger time, or else the arrival, to the commit', () => {
    let now = 10_000
    const latency = trackLatency(() => now)
    latency.changed(9_999)
    now = 12_000
    latency.changed(10_500)
    latency.changed(undefined)
    latency.changed(99_999)
    latency.attempting()
    now = 12_500
    expect(latency.committed()).toEqual([2, 0.5, 0])
    expect(latency.committed()).toEqual([])
  })

  test('of what changes during a commit ends with the next one', () => {
    let now = 1_000
    const latency = trackLatency(() => now)
    latency.changed(undefined)
    latency.attempting()
    now = 2_000
    latency.changed(undefined)
    expect(latency.committed()).toEqual([1])
    latency.attempting()
    now = 4_000
    expect(latency.committed()).toEqual([2])
  })

  test('goes on while commits fail', () => {
    let now = 1_000
    const latency = trackLatency(() => now)
    latency.changed(undefined)
    latency.attempting()
    now = 2_000
    latency.changed(undefined)
    latency.attempting()
    now = 3_000
    expect(latency.committed()).toEqual([2, 1])
  })
})
