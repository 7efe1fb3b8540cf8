import type { AgentResult } from './agent-measure.ts'
import type { Start } from './agent-process.ts'
import { sizeName } from './report.ts'
import { median, percentile, ratio, short, table } from './statistics.ts'

/** What was measured, and `nft -f` with the same rule set. */
export interface AgentRow {
  readonly result: AgentResult
  readonly nftMs: readonly number[]
}

const nameOf = ({ size, feed }: AgentResult): string => `${sizeName(size)}, ${feed}`

const middle = (starts: readonly Start[], part: (start: Start) => number): number =>
  median(starts.map(part))

export function startTable(rows: readonly AgentRow[]): string {
  const head = ['agent', 'started', 'program', 'objects', 'commit', 'bare read', 'nft -f']
  const again = ['start/read', 'commit/nft', 'restarted', 'objects', 'compare', 'operations']
  const lines = rows.map(({ result, nftMs }) => {
    const { starts, restarts, bareReads } = result
    const bare = median(bareReads)
    const nft = median(nftMs)
    return [
      nameOf(result),
      short(middle(starts, ({ ms }) => ms)),
      short(middle(starts, ({ bootMs }) => bootMs)),
      short(middle(starts, ({ readMs }) => readMs)),
      short(middle(starts, ({ commitMs }) => commitMs)),
      short(bare),
      short(nft),
      ratio(
        bare,
        middle(starts, ({ ms }) => ms),
      ),
      ratio(
        nft,
        middle(starts, ({ commitMs }) => commitMs),
      ),
      short(middle(restarts, ({ ms }) => ms)),
      short(middle(restarts, ({ readMs }) => readMs)),
      short(middle(restarts, ({ commitMs }) => commitMs)),
      String(Math.max(...restarts.map(({ operations }) => operations))),
    ]
  })
  return table([...head, ...again], lines)
}

export function agentChangeTable(rows: readonly AgentRow[]): string {
  const head = ['agent', 'write p50', 'commit p50', 'p99', 'commit/write', 'heard p50', 'CPU']
  const burst = ['burst', 'written', 'last after', 'worst', 'commits', 'CPU']
  const lines = rows.map(({ result }) => {
    const commits = result.changes.map(({ commitMs }) => commitMs)
    const heard = result.changes.map(({ heardMs }) => heardMs)
    const writes = result.changes.map(({ writeMs }) => writeMs)
    const { bursts } = result
    const after = bursts.map(({ writeMs, committedMs }) => committedMs - writeMs)
    return [
      nameOf(result),
      short(median(writes)),
      short(median(commits)),
      short(percentile(commits, 0.99)),
      ratio(median(writes), median(commits)),
      short(median(heard)),
      short(result.changeCpuMs),
      String(bursts[0]?.changes),
      short(median(bursts.map(({ writeMs }) => writeMs))),
      short(median(after)),
      short(Math.max(...after)),
      short(median(bursts.map(({ commits: each }) => each))),
      short(median(bursts.map(({ cpuMs }) => cpuMs))),
    ]
  })
  return table([...head, ...burst], lines)
}

export function upkeepTable(rows: readonly AgentRow[]): string {
  const head = [
    'agent',
    'started MB',
    'restarted MB',
    'before churn',
    '2nd quarter',
    'last quarter',
  ]
  const more = ['peak', 'changes', 'a second', 'commits', 'descriptors', 'idle CPU']
  const lines = rows.map(({ result }) => {
    const { starts, restarts, churn, idle } = result
    return [
      nameOf(result),
      short(middle(starts, ({ residentMb }) => residentMb)),
      short(middle(restarts, ({ residentMb }) => residentMb)),
      short(churn.beforeMb),
      short(churn.secondQuarterMb),
      short(churn.lastQuarterMb),
      short(churn.peakMb),
      String(churn.changes),
      short((churn.changes / churn.ms) * 1000),
      String(churn.commits),
      churn.descriptors.join(' → '),
      `${(idle * 100).toFixed(2)} %`,
    ]
  })
  return table([...head, ...more], lines)
}

/** What issue 3 asks for at 10,000 Services, beside kube-proxy 1.36 in nftables mode there. */
export function agentTargetTable(rows: readonly AgentRow[]): string {
  const found = rows.find(({ result }) => result.size.services === 10_000)?.result
  if (found === undefined) return ''
  const { starts, restarts, changes, churn } = found
  const resident = Math.max(...[...starts, ...restarts].map(({ residentMb }) => residentMb))
  const row = (what: string, value: number, limit: number, unit: string, theirs: string) => [
    what,
    `≤ ${limit}${unit}`,
    `${short(value)}${unit}`,
    value <= limit ? 'met' : 'MISSED',
    theirs,
  ]
  const operations = Math.max(...restarts.map((start) => start.operations))
  const commits = changes.map(({ commitMs }) => commitMs)
  return table(
    ['target', 'wanted', 'measured', '', 'kube-proxy'],
    [
      row('start', middle(starts, ({ ms }) => ms) / 1000, 5, ' s', '13.8 s'),
      row('restart, rules present', middle(restarts, ({ ms }) => ms) / 1000, 5, ' s', '31 s'),
      row('operations of a restart', operations, 0, '', ''),
      row('change, API write to commit, p50', median(commits), 50, ' ms', '3.2 s'),
      row('resident, started', resident, 200, ' MB', '331 MB'),
      row('resident, peak of the churn', churn.peakMb, 200, ' MB', ''),
    ],
  )
}
