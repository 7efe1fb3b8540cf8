import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningAgent } from '../support/running-agent.ts'
import { timeOf } from '../support/running-program.ts'
import type { Feed, Replacement } from './agent-feed.ts'
import {
  changed,
  commitsSince,
  cpuSeconds,
  descriptors,
  load,
  quiet,
  type Start,
  startAgent,
} from './agent-process.ts'
import type { Size } from './cluster.ts'
import { memoryOf } from './memory.ts'
import { median } from './statistics.ts'

export interface AgentEffort {
  readonly starts: number
  readonly changes: number
  /** How many changes a burst has; the last one comes at any moment of a period, so there are several. */
  readonly burst: number
  readonly bursts: number
  readonly churn: number
  readonly idleMs: number
}

export interface AgentResult {
  readonly feed: string
  readonly size: Size
  /** Milliseconds, as often as the agent was started. */
  readonly bareReads: readonly number[]
  readonly starts: readonly Start[]
  /** With the rules present. */
  readonly restarts: readonly Start[]
  readonly changes: readonly OneChange[]
  /** Milliseconds of processor time for each of these changes. */
  readonly changeCpuMs: number
  readonly bursts: readonly Burst[]
  readonly churn: Churn
  /** Share of one processor. */
  readonly idle: number
}

/** Milliseconds from the beginning of a write to its end, to the commit, and to a bare watcher. */
export interface OneChange {
  readonly writeMs: number
  readonly commitMs: number
  readonly heardMs: number
}

export interface Burst {
  readonly changes: number
  readonly commits: number
  /** Milliseconds of processor time, until nothing more is committed. */
  readonly cpuMs: number
  /** From the first write to the end of the last. */
  readonly writeMs: number
  /** From the first write to the last commit. */
  readonly committedMs: number
}

export interface Churn {
  readonly changes: number
  readonly commits: number
  readonly ms: number
  /** Resident, in MB, before; then medians of the second and the last quarter of the churn. */
  readonly beforeMb: number
  readonly secondQuarterMb: number
  readonly lastQuarterMb: number
  readonly peakMb: number
  readonly descriptors: readonly [before: number, after: number]
}

/** Cold starts and restarts in turns with bare reads; then changes, on the last one. */
export async function measureAgent(
  feed: Feed,
  size: Size,
  effort: AgentEffort,
): Promise<AgentResult> {
  const bareReads: number[] = []
  const starts: Start[] = []
  const restarts: Start[] = []
  for (let round = 1; ; round++) {
    bareReads.push(await feed.bareRead())
    const cold = await startAgent(feed)
    starts.push(cold.start)
    await cold.agent.end('SIGTERM')
    const last = round === effort.starts
    const warm = await startAgent(feed, ...(last ? [] : ['--cleanup-on-exit']))
    restarts.push(warm.start)
    if (last) {
      const rest = await measureChanges(feed, size, effort, warm.agent)
      return { feed: feed.name, size, bareReads, starts, restarts, ...rest }
    }
    await warm.agent.end('SIGTERM')
  }
}

async function measureChanges(
  feed: Feed,
  size: Size,
  effort: AgentEffort,
  agent: RunningAgent,
): Promise<Pick<AgentResult, 'changes' | 'changeCpuMs' | 'bursts' | 'churn' | 'idle'>> {
  try {
    const replace = replacements(size)
    await sleep(SETTLING)
    const idle = await load(agent.pid, effort.idleMs)
    const changes: OneChange[] = []
    const cpu = cpuSeconds(agent.pid)
    while (changes.length < effort.changes) changes.push(await one(feed, agent, replace()))
    const changeCpuMs = ((cpuSeconds(agent.pid) - cpu) * 1000) / changes.length
    const bursts: Burst[] = []
    while (bursts.length < effort.bursts) {
      bursts.push(await measureBurst(feed, agent, Array.from({ length: effort.burst }, replace)))
    }
    const churn = await measureChurn(feed, agent, Array.from({ length: effort.churn }, replace))
    return { changes, changeCpuMs, bursts, churn, idle }
  } finally {
    await agent.end('SIGTERM')
  }
}

/** Milliseconds for V8 to collect what the start left behind. */
const SETTLING = 30_000

/** All over the cluster, but ten neighbours in a row: a file is not written anew for each. */
function replacements({ services }: Size): () => Replacement {
  let turn = 0
  return () => {
    const service = (Math.floor(turn / 10) * 7910 + (turn % 10)) % services
    return { service, fresh: turn++ }
  }
}

/** Longer than minSyncPeriod after the one before: gathering is not measured. */
async function one(feed: Feed, agent: RunningAgent, replacement: Replacement): Promise<OneChange> {
  await sleep(150 + Math.random() * 100)
  agent.skip()
  const began = Date.now()
  await feed.change([replacement])
  const writeMs = Date.now() - began
  const heardMs = (await feed.heard(replacement.service)) - began
  const commitMs = timeOf(await agent.next('kernel-committed', changed)) - began
  return { writeMs, commitMs, heardMs }
}

async function measureBurst(
  feed: Feed,
  agent: RunningAgent,
  burst: readonly Replacement[],
): Promise<Burst> {
  agent.skip()
  const line = agent.lines.length
  const cpu = cpuSeconds(agent.pid)
  const began = Date.now()
  await feed.change(burst)
  const writeMs = Date.now() - began
  await agent.next('kernel-committed', changed)
  await quiet(agent)
  const commits = commitsSince(agent, line)
  const last = commits.at(-1)
  const committedMs = last === undefined ? Number.NaN : timeOf(last) - began
  const cpuMs = (cpuSeconds(agent.pid) - cpu) * 1000
  return { changes: burst.length, commits: commits.length, cpuMs, writeMs, committedMs }
}

const SAMPLE_MS = 250
/** After so many changes a commit is awaited: the writer of the files would be far ahead. */
const GROUP = 100

async function measureChurn(
  feed: Feed,
  agent: RunningAgent,
  all: readonly Replacement[],
): Promise<Churn> {
  const { pid } = agent
  const line = agent.lines.length
  const before = { mb: memoryOf(pid, 'VmRSS'), descriptors: descriptors(pid) }
  const samples: number[] = []
  const sampling = setInterval(() => samples.push(memoryOf(pid, 'VmRSS')), SAMPLE_MS)
  const began = Date.now()
  for (let from = 0; from < all.length; from += GROUP) {
    agent.skip()
    await feed.change(all.slice(from, from + GROUP))
    await agent.next('kernel-committed', changed)
  }
  const ms = Date.now() - began
  clearInterval(sampling)
  await quiet(agent)
  const quarter = (n: number): number =>
    median(samples.slice((samples.length * n) / 4, (samples.length * (n + 1)) / 4))
  return {
    changes: all.length,
    commits: commitsSince(agent, line).length,
    ms,
    beforeMb: before.mb,
    secondQuarterMb: quarter(1),
    lastQuarterMb: quarter(3),
    peakMb: memoryOf(pid, 'VmHWM'),
    descriptors: [before.descriptors, descriptors(pid)],
  }
}
