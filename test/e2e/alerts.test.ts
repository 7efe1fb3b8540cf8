import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'

const file = fileURLToPath(new URL('../../deploy/components/metrics/rules.yaml', import.meta.url))
const { groups } = parse(readFileSync(file, 'utf8')).spec
const folder = mkdtempSync(join(tmpdir(), 'nodelb-alerts-'))
const rules = join(folder, 'rules.yaml')
writeFileSync(rules, stringify({ groups }))
afterAll(() => rmSync(folder, { recursive: true }))

/** Series in promtool's notation, one value a minute: `0x9` is ten times 0, `0+1x9` counts from 0 to 9. */
type Series = Readonly<Record<string, string>>

interface Case {
  readonly alert: string
  readonly severity: string
  /** The time at which it fires, and at which it just does not. */
  readonly at: string
  readonly fires: Series
  readonly quiet: Series
}

const node = 'node="k8s1"'
const bucket = (le: string) => `nodelb_programming_duration_seconds_bucket{${node},le="${le}"}`
const count = `nodelb_programming_duration_seconds_count{${node}}`

const cases: readonly Case[] = [
  {
    alert: 'NodelbNotReady',
    severity: 'critical',
    at: '5m',
    fires: { [`nodelb_ready{${node}}`]: '0x5' },
    // Ready in the last minute.
    quiet: { [`nodelb_ready{${node}}`]: '0x4 1' },
  },
  {
    alert: 'NodelbAgentMissing',
    severity: 'warning',
    at: '15m',
    fires: {
      'kube_daemonset_status_desired_number_scheduled{daemonset="nodelb"}': '3x15',
      'kube_daemonset_status_number_ready{daemonset="nodelb"}': '2x15',
    },
    quiet: {
      'kube_daemonset_status_desired_number_scheduled{daemonset="nodelb"}': '3x15',
      'kube_daemonset_status_number_ready{daemonset="nodelb"}': '2x14 3',
    },
  },
  {
    alert: 'NodelbNotFollowing',
    severity: 'warning',
    at: '10m',
    fires: { [`nodelb_watch_following{${node},resource="services"}`]: '0x10' },
    quiet: { [`nodelb_watch_following{${node},resource="services"}`]: '0x9 1' },
  },
  {
    alert: 'NodelbCommitsFail',
    severity: 'warning',
    at: '10m',
    fires: { [`nodelb_commits_total{${node},outcome="failed"}`]: '0+1x10' },
    // One failure alone.
    quiet: { [`nodelb_commits_total{${node},outcome="failed"}`]: '0x4 1x5' },
  },
  {
    alert: 'NodelbServicesRefused',
    severity: 'warning',
    at: '5m',
    fires: { [`nodelb_rejected_services{${node}}`]: '2x5' },
    quiet: { [`nodelb_rejected_services{${node}}`]: '2x4 0' },
  },
  {
    alert: 'NodelbAddressesContested',
    severity: 'warning',
    at: '15m',
    fires: { [`nodelb_contested_addresses{${node}}`]: '1x15' },
    quiet: { [`nodelb_contested_addresses{${node}}`]: '1x14 0' },
  },
  {
    alert: 'NodelbObjectsInvalid',
    severity: 'warning',
    at: '15m',
    fires: { [`nodelb_invalid_objects{${node}}`]: '1x15' },
    quiet: { [`nodelb_invalid_objects{${node}}`]: '1x14 0' },
  },
  {
    alert: 'NodelbConfigStale',
    severity: 'warning',
    at: '5m',
    fires: { [`nodelb_config_stale{${node}}`]: '1x5' },
    quiet: { [`nodelb_config_stale{${node}}`]: '1x4 0' },
  },
  {
    alert: 'NodelbForeignChanges',
    severity: 'warning',
    at: '60m',
    fires: { [`nodelb_foreign_changes_total{${node},process="nft"}`]: '0x58 1x2' },
    quiet: { [`nodelb_foreign_changes_total{${node},process="nft"}`]: '1x60' },
  },
  {
    alert: 'NodelbProgrammingSlow',
    severity: 'warning',
    at: '25m',
    // All between 5 and 10 s, then two of a hundred and one of a thousand.
    fires: { [bucket('5')]: '0+98x25', [bucket('10')]: '0+100x25', [bucket('+Inf')]: '0+100x25' },
    quiet: {
      [bucket('5')]: '0+999x25',
      [bucket('10')]: '0+1000x25',
      [bucket('+Inf')]: '0+1000x25',
    },
  },
  {
    alert: 'NodelbProgrammingBudgetBurns',
    severity: 'critical',
    at: '60m',
    fires: { [bucket('5')]: '0+85x60', [count]: '0+100x60' },
    quiet: { [bucket('5')]: '0+86x60', [count]: '0+100x60' },
  },
  {
    alert: 'NodelbVersionSkew',
    severity: 'warning',
    at: '60m',
    fires: {
      'nodelb_build_info{node="k8s1",version="0.1.0"}': '1x60',
      'nodelb_build_info{node="k8s2",version="0.2.0"}': '1x60',
    },
    quiet: {
      'nodelb_build_info{node="k8s1",version="0.2.0"}': '1x60',
      'nodelb_build_info{node="k8s2",version="0.2.0"}': '1x60',
    },
  },
  {
    alert: 'NodelbConntrackNearlyFull',
    severity: 'critical',
    at: '5m',
    fires: {
      [`nodelb_conntrack_entries{${node}}`]: '91x5',
      [`nodelb_conntrack_limit{${node}}`]: '100x5',
    },
    quiet: {
      [`nodelb_conntrack_entries{${node}}`]: '90x5',
      [`nodelb_conntrack_limit{${node}}`]: '100x5',
    },
  },
  {
    alert: 'NodelbAffinityCrowded',
    severity: 'warning',
    at: '10m',
    fires: { [`nodelb_affinity_crowded_addresses{${node},family="ipv4"}`]: '1x10' },
    quiet: { [`nodelb_affinity_crowded_addresses{${node},family="ipv4"}`]: '1x9 0' },
  },
  ...(
    [
      ['warning', 81, 80],
      ['critical', 96, 95],
    ] as const
  ).map(([severity, above, below]) => ({
    ...{ alert: 'NodelbPoolUsage', severity, at: '5m' },
    fires: pool(above),
    quiet: pool(below),
  })),
  {
    alert: 'NodelbPoolExhausted',
    severity: 'critical',
    at: '1m',
    fires: pool(100),
    quiet: pool(99),
  },
  {
    alert: 'NodelbServicesWait',
    severity: 'warning',
    at: '5m',
    fires: { nodelb_allocator_services_pending: '1x5' },
    quiet: { nodelb_allocator_services_pending: '1x4 0' },
  },
  {
    alert: 'NodelbNoAnnouncer',
    severity: 'critical',
    at: '2m',
    fires: { 'nodelb_unannounced{service="shop/web",address="192.0.2.1"}': '1x2' },
    quiet: { 'nodelb_unannounced{service="shop/web",address="192.0.2.1"}': '1x1 stale' },
  },
  {
    alert: 'NodelbAnnouncerFlaps',
    severity: 'warning',
    at: '30m',
    fires: {
      [`nodelb_announce_takeovers_total{${node},reason="silence"}`]: '0x25 7x5',
      'metallb_speaker_announced{protocol="layer2",service="a/b"}': '1x30',
      'metallb_speaker_announced{protocol="layer2",service="a/c"}': '1x30',
    },
    quiet: {
      [`nodelb_announce_takeovers_total{${node},reason="silence"}`]: '0x25 5x5',
      'metallb_speaker_announced{protocol="layer2",service="a/b"}': '1x30',
      'metallb_speaker_announced{protocol="layer2",service="a/c"}': '1x30',
    },
  },
  {
    alert: 'NodelbAddressConflict',
    severity: 'critical',
    at: '10m',
    fires: { [`nodelb_announce_disputed{${node},ip="192.0.2.1"}`]: '1x10' },
    quiet: { [`nodelb_announce_disputed{${node},ip="192.0.2.1"}`]: '1x9 stale' },
  },
  {
    alert: 'NodelbBgpSessionDown',
    severity: 'critical',
    at: '5m',
    fires: { [`metallb_bgp_session_up{${node},peer="10.0.0.254:179"}`]: '0x5' },
    quiet: { [`metallb_bgp_session_up{${node},peer="10.0.0.254:179"}`]: '0x4 1' },
  },
]

function pool(inUse: number): Series {
  return {
    'nodelb_pool_addresses{pool="production",family="ipv4"}': '100x5',
    'nodelb_pool_addresses_in_use{pool="production",family="ipv4"}': `${inUse}x5`,
  }
}

/** What promtool finds wrong in a test of rules. */
async function promtool(tests: readonly object[]): Promise<string> {
  const path = join(folder, 'test.yaml')
  writeFileSync(path, stringify({ rule_files: [rules], evaluation_interval: '1m', tests }))
  const { stdout, stderr } = await execa('promtool', ['test', 'rules', path], { reject: false })
  return `${stdout}\n${stderr}`
}

/** Asks for how often the alert fires, whatever its other labels and texts are. */
function firing({ alert, severity, at }: Case, series: Series, expected: boolean) {
  const expr = `count(ALERTS{alertname="${alert}",severity="${severity}",alertstate="firing"})`
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      { expr, eval_time: at, exp_samples: expected ? [{ labels: '{}', value: 1 }] : [] },
    ],
  }
}

test('promtool finds nothing wrong in the rules', async () => {
  const { stdout } = await execa('promtool', ['check', 'rules', rules])
  expect(stdout).toContain('SUCCESS')
})

describe.each(cases)('$alert, $severity', (each) => {
  test('fires', async () => {
    expect(await promtool([firing(each, each.fires, true)])).toContain('SUCCESS')
  })

  test('just does not', async () => {
    expect(await promtool([firing(each, each.quiet, false)])).toContain('SUCCESS')
  })
})

test('each alert is tried', () => {
  const all = groups.flatMap((group: { rules: { alert: string; labels: object }[] }) =>
    group.rules.map(({ alert, labels }) => ({ alert, ...labels })),
  )
  expect(cases.map(({ alert, severity }) => ({ alert, severity }))).toEqual(all)
})

/** The text of a page of docs/. */
function page(name: string): string {
  return readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8')
}

test('each metric that alerts and board ask for is in the docs', () => {
  const board = readFileSync(new URL('../../deploy/grafana/nodelb.json', import.meta.url), 'utf8')
  const asked = `${readFileSync(file, 'utf8')}${board}`.matchAll(/\b(?:nodelb|metallb)_[a-z_]+/g)
  const names = [...asked].map(([name]) => name.replace(/_(bucket|count)$/, ''))
  const documented = page('metrics') + page('addresses')
  expect(names.length).toBeGreaterThan(40)
  expect(names.filter((name) => !documented.includes(`\`${name}\``))).toEqual([])
})

test('each alert has a paragraph that says what to do, where its runbook_url leads', () => {
  const headings = [...page('troubleshoot').matchAll(/^### (Nodelb\w+)$/gm)].map(([, name]) => name)
  const names = new Set(cases.map(({ alert }) => alert))
  expect(headings).toEqual([...names])
  for (const { rules } of groups) {
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/troubleshoot.md#${alert.toLowerCase()}`)
    }
  }
})
