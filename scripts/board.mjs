// Makes deploy/grafana/nodelb.json, the board for Grafana, from the rows below: `node scripts/board.mjs`.
// It has no ids of a Grafana, and its data source is a variable. With --check it changes nothing and fails
// when the file is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const WIDTH = 24

const stat = (title, expr, more = {}) => ({ type: 'stat', title, queries: [[expr, '']], ...more })
const graph = (title, queries, unit = 'short') => ({ type: 'timeseries', title, queries, unit })
const table = (title, expr) => ({ type: 'table', title, queries: [[expr, '']] })
const quantile = (q, metric) =>
  `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket{node=~"$node"}[$__rate_interval])))`
/** Every process that Prometheus scrapes has such series, controllers too: only agents have `nodelb_ready`. */
const ofAgents = (expr) => `${expr} and on (job, instance) nodelb_ready{node=~"$node"}`

const rows = [
  {
    title: 'At a glance',
    panels: [
      stat('Agents ready', 'sum(nodelb_ready{node=~"$node"})'),
      stat('Agents not ready', 'count(nodelb_ready{node=~"$node"} == 0) or vector(0)', {
        alarm: 1,
      }),
      stat('Services', 'max(nodelb_objects{resource="services",node=~"$node"})'),
      stat('Services in trouble', 'max(nodelb_services{state!="serving",node=~"$node"})', {
        alarm: 1,
      }),
      {
        ...{ type: 'bargauge', title: 'Pools in use', unit: 'percentunit', optional: true },
        queries: [
          [
            'max by (pool, family) (nodelb_pool_addresses_in_use) / max by (pool, family) (nodelb_pool_addresses)',
            '{{pool}} {{family}}',
          ],
        ],
      },
      table('Versions', 'count by (version) (nodelb_build_info{node=~"$node"})'),
    ],
  },
  {
    title: 'From a change to the kernel',
    panels: [
      graph(
        'Change of endpoints to commit',
        [
          [quantile(0.5, 'nodelb_programming_duration_seconds'), 'p50'],
          [quantile(0.99, 'nodelb_programming_duration_seconds'), 'p99'],
        ],
        's',
      ),
      {
        ...{ type: 'heatmap', title: 'How long changes take', unit: 's' },
        queries: [
          [
            'sum by (le) (increase(nodelb_programming_duration_seconds_bucket{node=~"$node"}[$__rate_interval]))',
            '{{le}}',
          ],
        ],
      },
      graph('Operations', [
        [
          'sum by (node) (rate(nodelb_operations_total{node=~"$node"}[$__rate_interval]))',
          '{{node}}',
        ],
      ]),
      graph('Commits that failed', [
        [
          'sum by (node) (rate(nodelb_commits_total{outcome="failed",node=~"$node"}[$__rate_interval]))',
          '{{node}}',
        ],
      ]),
    ],
  },
  {
    title: 'Announcing',
    panels: [
      {
        ...table('Who announces what', 'nodelb_announced{node=~"$node"} == 1'),
        optional: true,
      },
      graph('Addresses taken over', [
        [
          'sum by (node, reason) (increase(nodelb_announce_takeovers_total{node=~"$node"}[$__rate_interval]))',
          '{{node}} {{reason}}',
        ],
      ]),
      {
        ...graph('BGP sessions that are up', [
          ['sum by (node) (metallb_bgp_session_up{node=~"$node"})', '{{node}}'],
        ]),
        optional: true,
      },
    ],
  },
  {
    title: 'What others change, and what is followed',
    panels: [
      graph('Repairs', [
        [
          'sum by (node) (increase(nodelb_drift_repaired_total{node=~"$node"}[$__rate_interval]))',
          '{{node}}',
        ],
      ]),
      {
        ...graph('Changes by other programs', [
          [
            'sum by (node, process) (increase(nodelb_foreign_changes_total{node=~"$node"}[$__rate_interval]))',
            '{{node}} {{process}}',
          ],
        ]),
        optional: true,
      },
      graph('Watches', [
        [
          'min by (node, resource) (nodelb_watch_following{node=~"$node"})',
          '{{node}} {{resource}}',
        ],
      ]),
    ],
  },
  {
    title: 'Cost',
    panels: [
      graph('Memory', [[ofAgents('process_resident_memory_bytes'), '{{node}}']], 'bytes'),
      graph(
        'CPU',
        [[ofAgents('rate(process_cpu_seconds_total[$__rate_interval])'), '{{node}}']],
        'percentunit',
      ),
      graph('Lag of the event loop', [[ofAgents('nodejs_eventloop_lag_seconds'), '{{node}}']], 's'),
      graph(
        'Connection tracking',
        [
          [
            'nodelb_conntrack_entries{node=~"$node"} / nodelb_conntrack_limit{node=~"$node"}',
            '{{node}}',
          ],
        ],
        'percentunit',
      ),
    ],
  },
  {
    title: 'Connections to Services, where they are counted',
    panels: [
      {
        ...graph('The ten Services with the most new connections a second', [
          [
            'topk(10, sum by (namespace, service) (rate(nodelb_service_connections_total{node=~"$node"}[$__rate_interval])))',
            '{{namespace}}/{{service}}',
          ],
        ]),
        optional: true,
      },
    ],
  },
]

const datasource = { type: 'prometheus', uid: '$datasource' }

/** One panel in Grafana's model, at a place of its row. */
function panelOf({ type, title, queries, unit = 'short', alarm, optional }, gridPos) {
  const instant = type !== 'timeseries' && type !== 'heatmap'
  const steps = [
    { color: 'green', value: null },
    ...(alarm ? [{ color: 'red', value: alarm }] : []),
  ]
  return {
    ...{ type, title, datasource, gridPos },
    ...(optional && { description: 'Empty where there is nothing of the kind.' }),
    fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps } }, overrides: [] },
    targets: queries.map(([expr, legendFormat], index) => ({
      ...{ refId: 'ABC'[index], datasource, expr, legendFormat, instant, range: !instant },
      format: type === 'table' ? 'table' : type === 'heatmap' ? 'heatmap' : 'time_series',
    })),
  }
}

function panelsOf() {
  const height = 8
  return rows.flatMap(({ title, panels }, index) => {
    const y = index * (height + 1)
    const w = Math.floor(WIDTH / panels.length)
    return [
      { type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 }, panels: [] },
      ...panels.map((panel, place) => panelOf(panel, { x: place * w, y: y + 1, w, h: height })),
    ]
  })
}

const variable = (name, type, query, more) => ({ name, type, query, ...more })

const board = {
  ...{ title: 'nodelb', uid: 'nodelb', tags: ['nodelb', 'kubernetes'], schemaVersion: 39 },
  ...{ editable: true, refresh: '30s', time: { from: 'now-6h', to: 'now' }, timezone: 'browser' },
  templating: {
    list: [
      variable('datasource', 'datasource', 'prometheus', { label: 'Data source' }),
      variable('node', 'query', 'label_values(nodelb_build_info, node)', {
        ...{ label: 'Node', datasource, refresh: 2, multi: true, includeAll: true, allValue: '.*' },
        current: { text: 'All', value: '$__all' },
      }),
    ],
  },
  panels: panelsOf(),
}

const file = fileURLToPath(new URL('../deploy/grafana/nodelb.json', import.meta.url))
const text = `${JSON.stringify(board, null, 2)}\n`
if (process.argv[2] !== '--check') writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error('deploy/grafana/nodelb.json is stale: run node scripts/board.mjs')
  process.exitCode = 1
}
