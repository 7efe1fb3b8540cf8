import type { ClusterInput } from './cluster-input.ts'
import { isSilent } from './cluster-matters.ts'
import { poolList } from './pool-list.ts'
import type { ClusterServiceRow } from './service-list.ts'
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
    announcedFact(input),
    poolFact(input),
    controllerFact(input),
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

function announcedFact({ announcers, unread }: ClusterInput): PageFact {
  const name = 'Announced'
  if (unread.announcers) return { name, ...NOT_READ }
  const services = new Set(announcers.map(({ service }) => service)).size
  const nodes = new Set(announcers.map(({ node }) => node)).size
  const from = nodes === 1 ? '1 Node' : `${nodes} Nodes`
  const text = services === 0 ? 'no Node announces a Service' : `Services, from ${from}`
  return { name, value: String(services), text, tone: 'fine' }
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

function controllerFact(input: ClusterInput): PageFact {
  const name = 'Controller'
  const { lease, unread } = input
  if (unread.lease) return { name, ...NOT_READ }
  if (lease === undefined) return { name, value: 'none', text: 'has ever run here', tone: 'warn' }
  const { namespace, holder } = lease
  if (holder === '') return { name, value: 'none', text: 'the last one ended', tone: 'bad' }
  return isSilent(input)
    ? { name, value: 'silent', text: `${namespace}/${holder}`, tone: 'bad' }
    : { name, value: 'runs', text: `${namespace}/${holder}`, tone: 'fine' }
}
