import type { AgentPod } from '../../decode/cluster/agent-pod.ts'
import type { ClusterInput } from './cluster-input.ts'
import type { Tone } from './tone.ts'

/** A Node on which an agent runs, or should. */
export interface NodeRow {
  readonly node: string
  /** Undefined if none runs there, or if agents could not be read. */
  readonly agent: AgentPod | undefined
  readonly state: 'ready' | 'not ready' | 'no agent' | 'not read'
  readonly tone: Tone
  /** The Services that it says that it announces, in order of name. */
  readonly announces: readonly string[]
}

/** Returns the Nodes in order of name. */
export function nodeList(input: ClusterInput): readonly NodeRow[] {
  const { nodes, agents, unread } = input
  const names = new Set([...nodes, ...agents.flatMap(({ node }) => node || [])])
  return [...names].sort().map((node): NodeRow => {
    const announces = announcedBy(node, input)
    if (unread.agents) return { node, agent: undefined, state: 'not read', tone: 'warn', announces }
    // While one takes the place of another there are two.
    const mine = agents.filter((each) => each.node === node)
    const agent = mine.find(({ ready }) => ready) ?? mine[0]
    if (agent === undefined) return { node, agent, state: 'no agent', tone: 'warn', announces }
    const { ready } = agent
    return ready
      ? { node, agent, state: 'ready', tone: 'fine', announces }
      : { node, agent, state: 'not ready', tone: 'bad', announces }
  })
}

function announcedBy(node: string, { announcers }: ClusterInput): readonly string[] {
  const mine = announcers.filter((each) => each.node === node)
  return [...new Set(mine.map(({ service }) => service))].sort()
}
