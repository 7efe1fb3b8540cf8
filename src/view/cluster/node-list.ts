import type { AgentPod } from '../../decode/cluster/agent-pod.ts'
import type { ToldNode } from '../../decode/cluster/told-node.ts'
import { between } from '../times.ts'
import type { ClusterInput } from './cluster-input.ts'
import type { Tone } from './tone.ts'

/** A Node on which an agent runs, or should. */
export interface NodeRow {
  readonly node: string
  /** Undefined if none runs there, or if agents could not be read. */
  readonly agent: AgentPod | undefined
  readonly state: 'ready' | 'not ready' | 'no agent' | 'not read'
  readonly tone: Tone
  /** The version of the agent, or what else its image is told by; empty if neither is known. */
  readonly version: string
  /** What the agent tells of its Node; undefined if it has not done so lately. */
  readonly told: HeardNode | undefined
  /** The Services that it says that it announces, in order of name. */
  readonly announces: readonly string[]
}

/** What the agent of a Node tells, with the times of it for people; each empty if there is none. */
export interface HeardNode extends ToldNode {
  /** Such as `8 ms`. */
  readonly p99: string
  /** How long ago the kernel took a change, such as `4 min`. */
  readonly changed: string
  /** How long ago all was compared. */
  readonly compared: string
}

/** Returns the Nodes in order of name. */
export function nodeList(input: ClusterInput): readonly NodeRow[] {
  const { nodes, agents, unread } = input
  const names = new Set([...nodes, ...agents.flatMap(({ node }) => node || [])])
  const heard = new Map(heardOf(input).map((each) => [each.node, withTimes(each, input.at)]))
  const announced = announcedBy(input)
  return [...names].sort().map((node): NodeRow => {
    // While one takes the place of another there are two.
    const mine = agents.filter((each) => each.node === node)
    const agent = unread.agents ? undefined : (mine.find(({ ready }) => ready) ?? mine[0])
    const told = heard.get(node)
    const version = told?.version || versionOf(agent?.image ?? '')
    const announces = [...(announced.get(node) ?? [])].sort()
    return { node, agent, ...stateOf(agent, unread.agents), version, told, announces }
  })
}

/**
 * Returns whether its agent says that a Node is in step. What one told before it crashed or went is not how it is
 * now.
 */
export function isInStep({ state, told }: Pick<NodeRow, 'state' | 'told'>): boolean {
  const isDown = state === 'not ready' || state === 'no agent'
  return !isDown && told !== undefined && told.ready && told.drift === null
}

/** Agents tell of their Nodes every ten minutes at least: what is older than this says nothing of now. */
const LONGEST_SILENCE = 30 * 60_000

/** Returns what agents told of their Nodes lately. */
export function heardOf({ told, at }: ClusterInput): readonly ToldNode[] {
  return told.filter((each) => !isOld(each, at))
}

function withTimes(told: ToldNode, at: string): HeardNode {
  const { p99Milliseconds: ms, lastChangeAt, comparedAt } = told
  const ago = (time: string | null): string => (time === null ? '' : between(time, at))
  const p99 = ms === null ? '' : milliseconds(ms)
  return { ...told, p99, changed: ago(lastChangeAt), compared: ago(comparedAt) }
}

/** Returns a number of milliseconds for people: `8 ms`, `1.2 s`. */
export function milliseconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(1))} s`
}

/** Returns whether what an agent told is no news any more at a time (RFC 3339). */
export function isOld({ observedAt }: ToldNode, at: string): boolean {
  return Date.parse(at) - Date.parse(observedAt) >= LONGEST_SILENCE
}

function stateOf(agent: AgentPod | undefined, unread: boolean): Pick<NodeRow, 'state' | 'tone'> {
  if (unread) return { state: 'not read', tone: 'warn' }
  if (agent === undefined) return { state: 'no agent', tone: 'warn' }
  return agent.ready ? { state: 'ready', tone: 'fine' } : { state: 'not ready', tone: 'bad' }
}

/** Returns what stands behind the name of an image; where it comes from is the same for all. */
function versionOf(image: string): string {
  return /(?:@sha256:[0-9a-f]{8}|:[^/:@]+$)/.exec(image)?.[0].replace(/^[:@]/, '') ?? image
}

function announcedBy({ announcers }: ClusterInput): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const { node, service } of announcers) {
    found.set(node, (found.get(node) ?? new Set()).add(service))
  }
  return found
}
