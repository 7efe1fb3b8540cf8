import type { AnnounceView } from '../../../src/speaker/view.ts'
import type { Overlap } from '../../support/lan-asker.ts'
import { NODES } from './schedule.ts'

/** A node began to answer; `from` is the one that handed over. Times are milliseconds since 1970. */
export interface Taking {
  readonly node: string
  readonly address: string
  readonly from: string | undefined
  readonly at: number
}

/** What a node was when it could not finish what it did. */
export interface Interruption {
  readonly node: string
  readonly at: number
}

/** What is known of the nodes. */
export interface Evidence {
  readonly takings: readonly Taking[]
  readonly interruptions: readonly Interruption[]
}

/** How two nodes came to answer one question. */
export type Verdict =
  | { readonly kind: 'handover'; readonly ms: number }
  /** One of the two was killed or stopped in the middle of it. */
  | { readonly kind: 'interrupted'; readonly ms: number }
  | { readonly kind: 'violation'; readonly what: string }

/** A log line is written after what it tells, and the times of two processes are compared. */
const NEAR_MS = 1_500
/**
 * A node that does not hear beats sees by what the other claims on the wire that it has handed over: a
 * timeout, two intervals and the time of a doubt (announce/transition-draft.ts), and this machine's.
 */
export const LONGEST_MS = 2_000

/**
 * The first law of announcing (ADR 0028): two nodes answer for an address in a handover only, and that
 * ends.
 */
export function judge(overlap: Overlap, { takings, interruptions }: Evidence): Verdict {
  const { address, macs: nodes, from, to } = overlap
  const ms = to - from
  const isNear = (at: number): boolean => at > from - NEAR_MS && at < to + NEAR_MS
  const isInterrupted = interruptions.some((each) => nodes.includes(each.node) && isNear(each.at))
  if (isInterrupted) return { kind: 'interrupted', ms }
  const isHandover = takings.some(
    (each) =>
      each.address === address &&
      isNear(each.at) &&
      nodes.includes(each.node) &&
      nodes.includes(each.from ?? ''),
  )
  const told = `${nodes.join(' and ')} answered both for ${address} for ${Math.round(ms)} ms`
  if (!isHandover) return { kind: 'violation', what: `${told}, and neither handed over` }
  if (ms > LONGEST_MS) return { kind: 'violation', what: `${told}, and did not end it` }
  return { kind: 'handover', ms }
}

/** The second law: in the end a node hears all others, and answers for what is its own. */
export function isWell(
  node: string,
  { settled: is, members, addresses: all }: AnnounceView,
  addresses: number,
): boolean {
  return (
    is &&
    members.length === NODES.length - 1 &&
    members.every(({ settled, state }) => settled && state === 'live') &&
    all.length === addresses &&
    all
      .filter(({ candidates }) => candidates[0] === node)
      .every(({ here }) => here.some(({ state }) => state === 'answers'))
  )
}
