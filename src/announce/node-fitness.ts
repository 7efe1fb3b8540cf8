import { isExcluded } from '../allocate/node-fitness.ts'
import type { LeftOutReason } from './left-out.ts'
import type { AnnouncerNode } from './objects.ts'

/** What decides, besides the objects, which Nodes may announce anything. */
export interface Permission {
  /** Nodes with the label exclude-from-external-load-balancers may announce, too. */
  readonly ignoreExcludeLabel: boolean
  /** The Nodes on which the agent runs; undefined if all count. */
  readonly agents: ReadonlySet<string> | undefined
  /** The Nodes without which it is tried. */
  readonly away: ReadonlySet<string>
}

/**
 * Returns why a Node may announce nothing at all; undefined if it may. Ready, cordons and other
 * taints do not count: a Node that still forwards is better than a move.
 */
export function whyUnfit(
  node: AnnouncerNode,
  { ignoreExcludeLabel, agents, away }: Permission,
): LeftOutReason | undefined {
  const { name, departure } = node
  if (away.has(name)) return { kind: 'away' }
  if (departure !== undefined) return { kind: 'departing', departure }
  const barred = whyBarred(node, ignoreExcludeLabel)
  if (barred !== undefined) return barred
  return agents === undefined || agents.has(name) ? undefined : { kind: 'no-agent' }
}

/** Returns why a Node may announce nothing, on layer 2 or by BGP; undefined if it may. */
export function whyBarred(
  { labels, networkUnavailable }: Pick<AnnouncerNode, 'labels' | 'networkUnavailable'>,
  ignoreExcludeLabel: boolean,
): Barred | undefined {
  if (networkUnavailable) return { kind: 'network-unavailable' }
  return !ignoreExcludeLabel && isExcluded(labels) ? { kind: 'excluded' } : undefined
}

type Barred = Extract<LeftOutReason, { readonly kind: 'network-unavailable' | 'excluded' }>
