import type { LanReport } from '../support/lan-client.ts'
import { median } from './statistics.ts'

/** What a client saw of each phase of an event, in each run. */
export type Seen = ReadonlyMap<string, readonly LanReport[]>

const HEAD = [
  'event',
  'longest silence, median ms',
  'worst ms',
  'unanswered',
  'connections lost',
  'of these begun before a change',
  'two answers',
  'for ms at most',
  'control lost',
  'asked late, ms',
]

/** Returns the figures as a table of Markdown. The last two columns tell how busy the machine was itself. */
export function answersTable(seen: Seen): string {
  const rows = [...seen].map(([name, reports]) => row(name, reports))
  return [HEAD, HEAD.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function row(name: string, reports: readonly LanReport[]): readonly string[] {
  const sum = (of: (report: LanReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0)
  const most = (of: (report: LanReport) => number): string =>
    Math.max(...reports.map(of)).toFixed(0)
  return [
    name,
    median(reports.map(({ silence }) => silence)).toFixed(0),
    most(({ silence }) => silence),
    `${sum(({ unanswered }) => unanswered)} of ${sum(({ questions }) => questions)}`,
    `${sum(({ lost }) => lost)} of ${sum(({ connections }) => connections)}`,
    `${sum(({ inFlight }) => inFlight)}`,
    `${sum(({ doubles }) => doubles)}`,
    most(({ doubleFor }) => doubleFor),
    `${sum(({ control }) => control.lost)} of ${sum(({ control }) => control.connections)}`,
    most(({ late }) => late),
  ]
}
