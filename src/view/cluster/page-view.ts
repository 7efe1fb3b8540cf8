import type { ToldAnnouncer } from '../../decode/cluster/told-announcer.ts'
import type { Warning } from '../../decode/cluster/warning.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { Matter } from '../look-at.ts'
import { between } from '../times.ts'
import type { ClusterInput } from './cluster-input.ts'
import { clusterMatters } from './cluster-matters.ts'
import { type NodeRow, nodeList } from './node-list.ts'
import { type PageFact, pageFacts } from './page-facts.ts'
import { type PoolRow, poolList } from './pool-list.ts'
import { type ClusterServiceRow, serviceList } from './service-list.ts'
import type { Tone } from './tone.ts'

/** What the page of the controller shows. */
export interface PageView {
  /** The time of reading, RFC 3339. */
  readonly at: string
  readonly facts: readonly PageFact[]
  /** What needs a person. */
  readonly matters: readonly PageMatter[]
  readonly services: readonly PageService[]
  readonly pools: readonly PoolRow[]
  readonly nodes: readonly NodeRow[]
  /** The newest first. */
  readonly warnings: readonly PageWarning[]
}

interface PageMatter extends Matter {
  readonly tone: Tone
}

/** An address of a Service, and who announces the Service. */
export interface PageService extends ClusterServiceRow {
  readonly tone: Tone
  readonly announcers: readonly ToldAnnouncer[]
}

interface PageWarning extends Omit<Warning, 'at'> {
  /** How long ago, such as `4 min`; empty if nothing says it. */
  readonly ago: string
}

/** As many warnings are shown. */
const MOST_WARNINGS = 20

/** Returns what is shown of a cluster. */
export function pageView(input: ClusterInput): PageView {
  const { at, warnings, announcers } = input
  const told = new Map<string, ToldAnnouncer[]>()
  for (const each of announcers) told.set(each.service, [...(told.get(each.service) ?? []), each])
  const services = serviceList(input).map((row): PageService => {
    return { ...row, tone: toneOf(row), announcers: told.get(row.service) ?? [] }
  })
  const newest = warnings.toSorted((a, b) => (a.at > b.at ? -1 : 1)).slice(0, MOST_WARNINGS)
  const urgencyOf = urgencies(input)
  return {
    at,
    facts: pageFacts(input, services),
    matters: clusterMatters(input).map((matter) => ({ ...matter, tone: urgencyOf(matter) })),
    services,
    pools: poolList(input),
    nodes: nodeList(input),
    warnings: newest.map(({ at: seen, ...warning }) => {
      return { ...warning, ago: seen === '' ? '' : between(seen, at) }
    }),
  }
}

function toneOf({ state }: ClusterServiceRow): Tone {
  switch (state) {
    case 'serves':
    case 'not ours':
      return 'fine'
    case 'waits':
    case 'contested':
      return 'warn'
    case 'refuses':
    case 'refused':
    case 'drops':
    case 'kept':
      return 'bad'
    default:
      return unreachable(state)
  }
}

/** What turns clients away now is bad; all else can wait for a moment. */
function urgencies({ agents, served }: ClusterInput): (matter: Matter) => Tone {
  const down = new Set(agents.flatMap(({ node, pod, ready }) => (ready ? [] : node || pod)))
  const refusing = new Map(
    served.services.map(({ service, frontends }) => {
      const mine = frontends.filter(({ state }) => state === 'refuses')
      return [service, mine.map(({ address }) => address)]
    }),
  )
  return ({ about, text }) => {
    const isRefusing = refusing.get(about)?.some((address) => text.includes(address))
    return down.has(about) || isRefusing ? 'bad' : 'warn'
  }
}
