import { nodelb } from '../support/lab.ts'
import { FileFeed } from './agent-file-feed.ts'
import { type Cost, costInside } from './agent-namespace.ts'
import { startAgent } from './agent-process.ts'
import type { Section } from './backends.ts'
import { makeCluster, node, type Size, settings } from './cluster.ts'
import { longestBlock } from './longest-block.ts'
import type { Answers } from './protocol.ts'
import { sizeName } from './report.ts'
import { startOn } from './start-on.ts'
import { median, ratio, short, table } from './statistics.ts'
import { Worker } from './worker.ts'

interface Measured {
  readonly size: Size
  readonly differences: readonly Cost[]
  /** `nft list ruleset`. */
  readonly lists: readonly Cost[]
  /** The rest in milliseconds. */
  readonly bareReads: readonly number[]
  readonly starts: readonly number[]
  readonly restarts: readonly number[]
  readonly comparison: Answers['comparison']
}

/** What reading the kernel costs where maps are large: a restart, `nodelb diff`, and a comparison. */
export async function measureLarge(
  progress: (what: string) => void,
  { sizes, turns }: { readonly sizes: readonly Size[]; readonly turns: number },
): Promise<Section> {
  const rows: Measured[] = []
  for (const size of sizes) {
    progress(`reading ${sizeName(size)} from the kernel`)
    rows.push(await measureSize(size, turns))
  }
  return report(rows)
}

async function measureSize(size: Size, turns: number): Promise<Measured> {
  const feed = await FileFeed.open(size)
  const times = { bareReads: [] as number[], starts: [] as number[], restarts: [] as number[] }
  const costs = { differences: [] as Cost[], lists: [] as Cost[] }
  try {
    for (let turn = 0; turn < turns; turn++) {
      times.bareReads.push(await feed.bareRead())
      const cold = await startAgent(feed)
      times.starts.push(cold.start.ms)
      await cold.agent.end('SIGTERM')
      costs.differences.push(await difference(feed))
      costs.lists.push(await costInside(feed.namespace, ['nft', 'list', 'ruleset']))
      const warm = await startAgent(feed, '--cleanup-on-exit')
      times.restarts.push(warm.start.ms)
      await warm.agent.end('SIGTERM')
    }
  } finally {
    await feed.close()
  }
  const worker = new Worker()
  const comparison = await worker.ask('comparison', { size })
  await worker.end()
  return { size, ...times, ...costs, comparison }
}

/** Of what is programmed already. */
function difference({ namespace, args }: FileFeed): Promise<Cost> {
  return costInside(namespace, [nodelb, 'diff', ...args, '--node', node.name, '--scope', 'all'])
}

function report(rows: readonly Measured[]): Section {
  const head = [
    ...['cluster', 'bare read s', 'start s', 'restart s', 'restart/read'],
    ...['diff s', 'CPU s', 'nft list s', 'CPU s', 'comparison ms', 'longest block ms', 'CPU ms'],
  ]
  const cells = rows.map((row) => {
    const [bare, start, restart] = [row.bareReads, row.starts, row.restarts].map(median)
    const seconds = (ms = Number.NaN): string => short(ms / 1000)
    return [
      sizeName(row.size),
      ...[bare, start, restart].map(seconds),
      ratio(bare ?? 0, restart ?? 0),
      ...[row.differences, row.lists].flatMap((costs) => [
        seconds(median(costs.map(({ ms }) => ms))),
        seconds(median(costs.map(({ cpuMs }) => cpuMs))),
      ]),
      short(row.comparison.ms),
      short(row.comparison.block.ms),
      short(row.comparison.block.cpuMs),
    ]
  })
  return {
    title: 'Large maps: what reading the kernel costs; medians',
    body: table(head, cells),
    notes: [
      'From files. bare read: a process of its own that reads and parses them. restart: with the rules',
      'present, to all compared. diff: with nothing to do. nft list: `nft list ruleset` of the same rules.',
      'comparison: of the running session with nothing to do; block: how long the event loop did nothing else, and the',
      'most processor time that it used in one go, where other work does not show.',
    ],
  }
}

/** In a child process: the second comparison, when V8 has compiled what it needs. */
export async function comparisonCosts(size: Size): Promise<Answers['comparison']> {
  const started = await startOn('nftables', { cluster: makeCluster(size), node, settings })
  if (started.kind !== 'started') throw new Error(started.outcome.reason)
  await started.session.verify()
  const began = performance.now()
  const block = await longestBlock(() => started.session.verify())
  return { ms: performance.now() - began, block }
}
