import pc from 'picocolors'
import { visible } from '../../decode/problem.ts'
import type { ClusterView } from '../../view/cluster/cluster-view.ts'
import type { NodeRow } from '../../view/cluster/node-list.ts'
import type { PoolRow } from '../../view/cluster/pool-list.ts'
import { type ClusterServiceRow, isFine } from '../../view/cluster/service-list.ts'
import { shortList } from '../columns.ts'
import type { Output } from '../output.ts'
import { count } from '../print-plan.ts'
import { besides, mattersOf } from '../status/print-status.ts'
import { type Column, table } from '../table.ts'

type Look = Pick<Output, 'colour' | 'columns'>

/** Returns what is shown of a cluster as text, which ends with a newline. */
export function printCluster(view: ClusterView, look: Look): string {
  const { facts, rows, hidden, agents, nodes } = view
  const width = Math.max(...facts.map(({ name }) => name.length))
  const head = facts.flatMap(({ name, text }) =>
    besides(`${name.padEnd(width)}  `, text, ' '.repeat(width + 2), look),
  )
  const more = hidden === 0 ? [] : [`${count(hidden, 'more row')} in order; see services`]
  const parts = [
    head,
    mattersOf(view, look),
    [...servicesTable(rows, look), ...more],
    agents.length === 0 ? [] : table(NODES, nodes, look.columns),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map(joined)
    .join('\n')
}

const NODES: readonly Column<NodeRow>[] = [
  { title: 'NODE', text: ({ node }) => visible(node), least: 12 },
  { title: 'AGENT', text: ({ state }) => state },
  { title: 'RESTARTS', text: ({ agent }) => String(agent?.restarts ?? '-') },
  { title: 'VERSION', text: ({ version }) => visible(version) || '-', least: 8 },
  { title: 'BACKEND', text: ({ told }) => visible(told?.backend ?? '-') },
  { title: 'P99', text: ({ told }) => told?.p99 || '-' },
  { title: 'REPAIRS', text: ({ told }) => String(told?.repairs ?? '-') },
  { title: 'COMPARED', text: ({ told }) => told?.compared || '-' },
]

/** Returns the Services as text, which ends with a newline. */
export function printServices(rows: readonly ClusterServiceRow[], look: Look): string {
  if (rows.length === 0) return 'No Service has an address for clients outside, or waits for one.\n'
  return joined(servicesTable(rows, look))
}

function servicesTable(rows: readonly ClusterServiceRow[], look: Look): readonly string[] {
  if (rows.length === 0) return []
  const paint = pc.createColors(look.colour)
  const shape: readonly Column<ClusterServiceRow>[] = [
    { title: 'SERVICE', text: ({ service }) => service, least: 12 },
    { title: 'ADDRESS', text: ({ address }) => address || '-' },
    { title: 'PORTS', text: ({ ports }) => ports.join(',') || '-', least: 6 },
    { title: 'POOL', text: ({ pool }) => pool ?? '-', least: 6 },
    { title: 'BY', text: ({ announcedBy }) => shortList(announcedBy, MOST) || '-', least: 8 },
    { title: 'ENDPOINTS', text: ({ endpoints }) => String(endpoints) },
    {
      title: 'STATE',
      text: ({ state, local }) => (local && state === 'serves' ? 'serves, Local' : state),
      paint: (row, cell) => (isFine(row) ? cell : paint.yellow(cell)),
    },
  ]
  return table(shape, rows, look.columns)
}

/** As many Nodes are named in one row. */
const MOST = 2

/** Returns the pools as text, which ends with a newline. */
export function printPools(rows: readonly PoolRow[], look: Look): string {
  if (rows.length === 0) return 'There is no pool.\n'
  const paint = pc.createColors(look.colour)
  const shape: readonly Column<PoolRow>[] = [
    { title: 'POOL', text: ({ pool }) => pool, least: 8 },
    { title: 'FAMILY', text: ({ family }) => (family === 'ipv4' ? 'IPv4' : 'IPv6') },
    { title: 'IN USE', text: ({ used }) => String(used) },
    { title: 'FREE', text: ({ free }) => freeText(free) },
    {
      title: 'USE',
      text: ({ percent, used }) => `${bar(percent, used)} ${shareText(percent, used)} %`,
      paint: ({ percent }, cell) => (percent >= FULL ? paint.yellow(cell) : cell),
    },
    { title: 'SERVICES', text: ({ services }) => shortList(services, FEW) || '-', least: 12 },
  ]
  return joined(table(shape, rows, look.columns))
}

const FEW = 3

/** From this percentage on a pool is worth a look. */
const FULL = 80

/** So many characters are a whole pool. */
const BAR = 10

function bar(percent: number, used: number): string {
  const full = used === 0 ? 0 : Math.max(1, Math.floor((percent * BAR) / 100))
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`
}

function shareText(percent: number, used: number): string {
  const text = percent === 0 && used > 0 ? '<1' : String(percent)
  return text.padStart(3)
}

/** Larger numbers, which pools of IPv6 have, are rounded. */
const EXACT = 1_000_000_000n

function freeText(free: bigint): string {
  return free <= EXACT ? String(free) : `about ${Number(free).toExponential(1).replace('+', '')}`
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
