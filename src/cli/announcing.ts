import { eligible } from '../announce/eligible.ts'
import { whyUnknown } from '../announce/problems.ts'
import { type ProposedAnnouncing, proposeAnnouncing } from '../dataplane/announce/proposal.ts'
import { visible } from '../decode/problem.ts'
import { excludedInterfaces, keyProblem } from '../model/announce-settings.ts'
import { textOf } from '../plan/netdev/explain.ts'
import { ANNOUNCE_TABLE } from '../ruleset/netdev/types.ts'
import type { Loaded } from './load.ts'
import { permissionOf } from './permission.ts'
import { count, printGroup } from './print-plan.ts'

/** What `diff` says of announcing. It is no part of the plan: only the agent announces. */
export interface AnnouncingDifference {
  /** What this kernel lacks while all Nodes of the files run and are settled. */
  readonly plan: ProposedAnnouncing['plan']
  /** Why there is no answer to questions, or none was compared; undefined if nothing is wrong. */
  readonly problem: string | undefined
}

/**
 * Compares what this kernel announces with what the objects alone call for; undefined if nothing is
 * announced. Rejects with NetlinkError.
 */
export async function announcingDifference({
  goal,
  config,
  announcing,
}: Loaded & { readonly kind: 'loaded' }): Promise<AnnouncingDifference | undefined> {
  const { layer2, ping } = config.announce
  if (!layer2.enabled || announcing === undefined) return undefined
  const { objects } = announcing
  const nodes = objects.nodes.map(({ name }) => name)
  const reason = keyProblem(layer2, nodes.length) ?? whyUnknown(objects)
  if (reason !== undefined) return notCompared(reason)
  const proposed = await proposeAnnouncing({
    ...{ eligibility: eligible(objects, permissionOf(config)), node: goal.node.name, nodes, ping },
    excluded: excludedInterfaces(layer2, announcing.excluded),
  })
  if (proposed.kind === 'not-compared') return notCompared(proposed.reason)
  return { plan: proposed.plan, problem: proposed.isOff ? OFF : undefined }
}

const OFF = `the switch of the table netdev ${ANNOUNCE_TABLE} is off: this node answers for no address until an agent runs`

function notCompared(reason: string): AnnouncingDifference {
  return { plan: [], problem: `what is announced is not compared: ${reason}` }
}

/** Returns the difference as text; empty if there is none. */
export function printAnnouncing({ plan }: AnnouncingDifference, colour: boolean): string {
  if (plan.length === 0) return ''
  const title = 'announced, assuming that all Nodes of the files run and are settled'
  const operations = plan.map(textOf).map((line) => {
    return { sign: line.startsWith('+') ? '+' : '-', text: visible(line.slice(2)) } as const
  })
  const group = printGroup({ title, operations }, colour)
  return `\n${group}${count(plan.length, 'operation')} of the agent: not of apply, and not counted by the exit code\n`
}

/** Returns the difference for programs; undefined if nothing is announced. */
export function announcingAsJson(difference: AnnouncingDifference | undefined): unknown {
  if (difference === undefined) return undefined
  const { plan, problem = null } = difference
  const operations = plan.map((each) => ({ kind: each.kind, change: textOf(each) }))
  return { problem, operations }
}
