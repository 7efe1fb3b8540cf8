import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiFeed } from './agent-api-feed.ts'
import type { Feed } from './agent-feed.ts'
import { FileFeed } from './agent-file-feed.ts'
import { type AgentEffort, measureAgent } from './agent-measure.ts'
import {
  type AgentRow,
  agentChangeTable,
  agentTargetTable,
  startTable,
  upkeepTable,
} from './agent-report.ts'
import type { Size } from './cluster.ts'
import { Worker } from './worker.ts'

/** A table of the report, with what is to be known about it. */
export interface Section {
  readonly title: string
  readonly body: string
  readonly notes: readonly string[]
}

interface Scenario {
  readonly size: Size
  readonly open: (size: Size) => Promise<Feed>
  readonly effort: AgentEffort
}

const SCENARIOS: readonly Scenario[] = [
  {
    size: { services: 10_000, endpoints: 2, dualStack: false, external: true },
    open: ApiFeed.open,
    effort: { starts: 3, changes: 200, burst: 1000, bursts: 15, churn: 10_000, idleMs: 20_000 },
  },
  {
    size: { services: 30_000, endpoints: 2, dualStack: false, external: true },
    open: FileFeed.open,
    effort: { starts: 2, changes: 50, burst: 1000, bursts: 5, churn: 10_000, idleMs: 20_000 },
  },
]

/** The program as it is shipped, in a network namespace of its own. Needs the bundle of workers. */
export async function measureAgents(progress: (what: string) => void): Promise<Section[]> {
  const rows: AgentRow[] = []
  for (const { size, open, effort } of SCENARIOS) {
    progress(`the agent with ${size.services} Services`)
    const nftMs = await loadWithNft(size, effort.starts)
    const feed = await open(size)
    try {
      rows.push({ result: await measureAgent(feed, size, effort), nftMs })
    } finally {
      await feed.close()
    }
  }
  return sections(rows)
}

async function loadWithNft(size: Size, times: number): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-bench-'))
  const file = join(folder, 'cluster.nft')
  const writer = new Worker()
  await writer.ask('build', { size })
  await writer.ask('print', { file, extraFile: join(folder, 'extra.nft') })
  await writer.end()
  const found: number[] = []
  while (found.length < times) {
    const worker = new Worker()
    found.push((await worker.ask('nftFile', { file })).ms)
    await worker.end()
  }
  rmSync(folder, { recursive: true })
  return found
}

function sections(rows: readonly AgentRow[]): Section[] {
  return [
    {
      title: 'The agent: from the start of the process to all programmed, ms; medians',
      body: startTable(rows),
      notes: [
        'program: until its code runs; objects: listed and decoded; commit: the kernel read, all rendered,',
        'planned and committed. A restart finds the rules of the run before. bare read: a process of its own',
        'that lists the same pages over the same way (or reads and parses the same files) and does nothing.',
        'The API server is kube-apiserver 1.20; its slices are custom resources, which it lists slowly.',
      ],
    },
    {
      title: 'The agent: one endpoint change from the write to the commit, and a burst; ms',
      body: agentChangeTable(rows),
      notes: [
        'write: the answer to the PATCH, of which etcd writes to the disk. heard: a bare watch beside the agent',
        'has the event (of files: the file is in its place, after which the agent waits 10 ms for more). CPU: of',
        'the agent for each change. Changes are further apart than minSyncPeriod, 100 ms; a burst is written by',
        '20 at a time, and gathered; the last of it is in the kernel so much after the last write, a median and the worst.',
      ],
    },
    {
      title: 'The agent: memory, descriptors and idle processor time',
      body: upkeepTable(rows),
      notes: [
        'Medians of resident memory, looked at 4 times a second, while changes come without pause.',
      ],
    },
    { title: 'The agent: targets, and kube-proxy 1.36', body: agentTargetTable(rows), notes: [] },
  ]
}
