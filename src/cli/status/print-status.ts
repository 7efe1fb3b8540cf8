import pc from 'picocolors'
import { visible } from '../../decode/problem.ts'
import type { BgpView } from '../../speaker/bgp/view.ts'
import type { AnnounceView } from '../../speaker/view.ts'
import { isInOrder, type RowState, type ServiceRow } from '../../view/service-rows.ts'
import type { ServiceDetails, StatusView } from '../../view/status-view.ts'
import type { Output } from '../output.ts'
import { count } from '../print-plan.ts'
import { type Column, table } from '../table.ts'
import { wrapped } from '../wrapped.ts'
import { announceLines } from './announce-text.ts'
import { bgpLines } from './bgp-text.ts'

interface Look extends Pick<Output, 'colour' | 'columns'> {
  /** True to add ClusterIPs and ports of the node. */
  readonly wide: boolean
}

/** What is announced, by layer 2 and by BGP; null where that is not on. */
interface Announced {
  readonly announce: AnnounceView | null
  readonly bgp: BgpView | null
}

/** Returns the status as text, which ends with a newline. */
export function printStatus(view: StatusView, announced: Announced, look: Look): string {
  const parts = [
    headOf(view, look),
    mattersOf(view, look),
    rowsOf(view, look),
    ...view.details.map((details) => detailsOf(details, look)),
    sectionOf('Announcing', announced.announce && announceLines(announced.announce)),
    sectionOf('Announcing by BGP', announced.bgp && bgpLines(announced.bgp)),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map(joined)
    .join('\n')
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function headOf({ node, about, ready, facts }: StatusView, look: Look): readonly string[] {
  const paint = pc.createColors(look.colour)
  const state = ready ? paint.green('ready') : paint.red('NOT READY')
  const width = Math.max(...facts.map(({ name }) => name.length))
  return [
    `${paint.bold(visible(node))}  ${visible(about)}  ${state}`,
    ...facts.flatMap(({ name, text }) => {
      const indent = ' '.repeat(width + 4)
      return besides(`  ${name.padEnd(width)}  `, text, indent, look)
    }),
  ]
}

/** The most characters of a name that texts stand beside; those beside longer ones are indented as far. */
const MOST_BESIDE = 24

/** Returns what needs a person, in lines; none if nothing does. */
export function mattersOf(
  { matters }: Pick<StatusView, 'matters'>,
  look: Pick<Look, 'colour' | 'columns'>,
): readonly string[] {
  if (matters.length === 0) return []
  const paint = pc.createColors(look.colour)
  const longest = Math.max(...matters.map(({ about }) => about.length))
  const width = Math.min(longest, MOST_BESIDE)
  const indent = ' '.repeat(width + 4)
  return [
    paint.bold(`${matters.length} to look at`),
    ...matters.flatMap(({ about, text }) =>
      besides(`  ${about.padEnd(width)}  `, text, indent, look),
    ),
  ]
}

/** Returns a text behind its name, in lines that begin below each other. */
export function besides(
  name: string,
  text: string,
  indent: string,
  look: Pick<Look, 'columns'>,
): readonly string[] {
  const [first = '', ...words] = visible(text).split(' ')
  return wrapped([`${visible(name)}${first}`, ...words], look.columns, indent)
}

const STATES: Readonly<Record<RowState, string>> = {
  serves: 'serves',
  refuses: 'refuses',
  drops: 'drops',
  contested: 'contested',
  refused: 'refused',
  kept: 'kept',
  'not ours': 'not ours',
}

function rowsOf({ rows, hidden, inside }: StatusView, look: Look): readonly string[] {
  const more = [
    ...(hidden > 0 ? [`${count(hidden, 'more row')} in order; -A lists all`] : []),
    ...(rows.length === 0 && hidden === 0 && inside > 0
      ? [`${count(inside, 'Service')} without an address for clients outside; -A lists all`]
      : []),
  ]
  if (rows.length === 0) return more
  const paint = pc.createColors(look.colour)
  const shape: readonly Column<ServiceRow>[] = [
    { title: 'SERVICE', text: ({ service }) => service, least: 12 },
    { title: 'ADDRESS', text: ({ address }) => address || '-' },
    { title: 'PORTS', text: ({ ports }) => ports.join(','), least: 8 },
    { title: 'ENDPOINTS', text: endpointsText },
    ...(look.wide ? WIDE : []),
    {
      title: 'STATE',
      text: ({ state, here }) => {
        const isByPolicy = here !== undefined && (state === 'serves' || state === 'drops')
        return `${STATES[state]}${isByPolicy ? ', Local' : ''}`
      },
      paint: (row, cell) => (isInOrder(row) ? cell : paint.yellow(cell)),
    },
  ]
  return [...table(shape, rows, look.columns), ...more]
}

const WIDE: readonly Column<ServiceRow>[] = [
  { title: 'CLUSTER-IP', text: ({ clusterIps }) => clusterIps.join(',') || '-' },
  { title: 'NODE-PORTS', text: ({ nodePorts }) => nodePorts.join(',') || '-', least: 10 },
]

function endpointsText({ endpoints, here }: ServiceRow): string {
  return here === undefined ? String(endpoints) : `${here} here, ${endpoints}`
}

function detailsOf({ service, origin, endpoints }: ServiceDetails, look: Look): readonly string[] {
  const from = origin?.reason ?? (origin?.pool === undefined ? '' : `of pool ${origin.pool}`)
  const shape: readonly Column<ServiceDetails['endpoints'][number]>[] = [
    { title: 'ENDPOINT', text: ({ address }) => address },
    { title: 'NODE', text: ({ node }) => node ?? '-', least: 8 },
    { title: 'STATE', text: ({ state }) => state },
  ]
  const origins = from === '' ? [] : besides(`${service}  `, `address: ${from}`, '  ', look)
  const lines =
    endpoints.length === 0 ? [`${service} has no endpoints`] : table(shape, endpoints, look.columns)
  return [...origins, ...lines]
}

/** The most lines of a section; further ones are only counted, and `-o json` has all. */
const LISTED = 100

function sectionOf(title: string, lines: readonly string[] | null): readonly string[] {
  if (lines === null || lines.length === 0) return []
  const more = lines.length - LISTED
  const shown = lines.slice(0, LISTED).map((line) => `  ${visible(line)}`)
  return [`${title}:`, ...shown, ...(more > 0 ? [`  and ${more} more (-o json has all)`] : [])]
}
