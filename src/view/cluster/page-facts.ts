import type { ClusterInput } from './cluster-input.ts'
import { heardOf, milliseconds } from './node-list.ts'
import { poolList } from './pool-list.ts'
import type { ClusterServiceRow } from './service-list.ts'
import { slowestNode } from './slowest-node.ts'
import type { Tone } from './tone.ts'

/** A figure that tells at a glance how something is. */
export interface PageFact {
  readonly name: string
  /** The figure, such as `2 of 3`. */
  readonly value: string
  /** What it counts. */
  readonly text: string
  readonly tone: Tone
}

/** From this percentage on a pool is worth a look. */
const NEARLY_FULL = 80

/** Returns the facts about a cluster and the rows of its Services, always in the same order. */
export function pageFacts(
  input: ClusterInput,
  rows: readonly ClusterServiceRow[],
): readonly PageFact[] {
  return [
    agentsFact(input),
    servicesFact(rows),
    poolFact(input),
    kernelFact(input),
    repairsFact(input),
  ]
}

const NOT_READ = { value: '–', text: 'not read', tone: 'warn' } as const

function agentsFact({ agents, nodes, unread }: ClusterInput): PageFact {
  const name = 'Agents'
  if (unread.agents) return { name, ...NOT_READ }
  const ready = agents.filter((each) => each.ready).length
  const wanted = Math.max(nodes.length, agents.length)
  const tone: Tone = ready >= wanted && ready > 0 ? 'fine' : ready > 0 ? 'warn' : 'bad'
  return { name, value: `${ready} of ${wanted}`, text: 'Nodes with an agent that is ready', tone }
}

function servicesFact(rows: readonly ClusterServiceRow[]): PageFact {
  const all = new Set(rows.map(({ service }) => service)).size
  const serving = rows.filter(({ state }) => state === 'serves').map(({ service }) => service)
  const served = new Set(serving).size
  const value = all === 0 ? '0' : `${served} of ${all}`
  const tone: Tone = served === all ? 'fine' : 'warn'
  return { name: 'Services', value, text: 'for clients outside are served', tone }
}

function poolFact(input: ClusterInput): PageFact {
  const name = 'Fullest pool'
  const fullest = poolList(input).toSorted((a, b) => b.percent - a.percent)[0]
  if (fullest === undefined) return { name, value: '–', text: 'there is no pool', tone: 'fine' }
  const { pool, used, size, percent } = fullest
  const text = size > EXACT ? `of ${pool} in use` : `of ${pool} in use, ${used} of ${size}`
  const tone: Tone = percent >= NEARLY_FULL ? 'warn' : 'fine'
  return { name, value: `${percent} %`, text, tone }
}

/** Larger numbers, which pools of IPv6 have, tell nobody anything. */
const EXACT = 1_000_000n

/** Later than this, in milliseconds, a Pod that went is a Pod that clients meet: the alert has the same limit. */
const SLOW = 5_000

function kernelFact(input: ClusterInput): PageFact {
  const name = 'Change to kernel'
  if (input.unread.told) return { name, ...NOT_READ }
  const slowest = slowestNode(input)
  if (slowest === undefined) return { name, value: '–', text: nothingOf(input), tone: 'fine' }
  const { node, ms } = slowest
  const text = `for 99 of 100 in the last hour, on ${node}, the slowest`
  return { name, value: milliseconds(ms), text, tone: ms > SLOW ? 'warn' : 'fine' }
}

function repairsFact(input: ClusterInput): PageFact {
  const name = 'Repairs'
  if (input.unread.told) return { name, ...NOT_READ }
  const heard = heardOf(input)
  if (heard.length === 0) return { name, value: '–', text: nothingOf(input), tone: 'fine' }
  const repaired = heard.filter(({ repairs }) => repairs > 0)
  const all = repaired.reduce((sum, { repairs }) => sum + repairs, 0)
  const text = 'of what others changed, in 24 hours'
  const first = repaired[0]?.node ?? ''
  const where = repaired.length > 1 ? `, on ${repaired.length} Nodes` : `, on ${first}`
  return all === 0
    ? { name, value: '0', text, tone: 'fine' }
    : { name, value: String(all), text: `${text}${where}`, tone: 'warn' }
}

function nothingOf(input: ClusterInput): string {
  return heardOf(input).length === 0 ? 'no Node tells of itself' : 'no change in the last hour'
}
