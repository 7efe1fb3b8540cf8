import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunningAgent } from '../support/running-agent.ts'
import { type LogLine, timeOf } from '../support/running-program.ts'
import type { Feed } from './agent-feed.ts'
import { inside } from './agent-namespace.ts'
import { node } from './cluster.ts'
import { memoryOf } from './memory.ts'

/** From the start of the process to its first commit; milliseconds. */
export interface Start {
  readonly ms: number
  /** Until the program runs. */
  readonly bootMs: number
  /** Until all objects are listed and decoded. */
  readonly readMs: number
  /** Reading the kernel, rendering, planning, committing. */
  readonly commitMs: number
  readonly operations: number
  readonly residentMb: number
}

export interface Running {
  readonly agent: RunningAgent
  readonly start: Start
}

/** Starts the program as it is shipped and waits until all is programmed. */
export async function startAgent(feed: Feed, ...more: readonly string[]): Promise<Running> {
  const began = Date.now()
  const agent = RunningAgent.start(
    inside(feed.namespace),
    [
      ...['--node', node.name, '--scope', 'all', '--listen', '127.0.0.1:10266'],
      ...['--status-socket', join(tmpdir(), `${feed.namespace}.sock`), ...feed.args, ...more],
    ],
    byItsName,
  )
  const started = await agent.next('agent-started')
  const line = await agent.next('kernel-committed')
  const residentMb = memoryOf(agent.pid, 'VmRSS')
  const ms = timeOf(line) - began
  const bootMs = timeOf(started) - began
  const commitMs = Number(line['durationMs'])
  const operations = Number(line['operations'])
  const readMs = ms - bootMs - commitMs
  return { agent, start: { ms, bootMs, readMs, commitMs, operations, residentMb } }
}

/** Without Node.js in front: the first line of the program says with which flags it runs. */
function byItsName([_node, ...command]: readonly string[]): readonly string[] {
  return command
}

/** Commits that changed something, among the lines from this one on. */
export function commitsSince(agent: RunningAgent, line: number): readonly LogLine[] {
  return agent.lines.slice(line).filter(changed)
}

export function changed({ event, operations }: LogLine): boolean {
  return event === 'kernel-committed' && Number(operations) > 0
}

/** Resolves when the agent has logged nothing for a second. */
export async function quiet({ lines }: RunningAgent): Promise<void> {
  for (let before = -1; before !== lines.length; await sleep(1000)) before = lines.length
}

/** Share of one processor that the process used during the next milliseconds. */
export async function load(pid: number, ms: number): Promise<number> {
  const began = performance.now()
  const before = cpuSeconds(pid)
  await sleep(ms)
  return (cpuSeconds(pid) - before) / ((performance.now() - began) / 1000)
}

export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** utime and stime of /proc/PID/stat; proc(5) counts them in ticks of 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [, , , , , , , , , , , utime, stime] = stat.slice(stat.lastIndexOf(')') + 1).split(' ')
  return (Number(utime) + Number(stime)) / 100
}
