import type { Grant } from '../../allocate/allocation.ts'
import { printReason } from '../../allocate/print-reason.ts'
import { type BgpDecision, decideBgp } from '../../announce/bgp/decide.ts'
import type { BgpDecisionSettings, BgpObjects } from '../../announce/bgp/objects.ts'
import { type BgpWhy, printBgpWhy } from '../../announce/bgp/why.ts'
import type { AnnouncerNode } from '../../announce/objects.ts'
import type { ObjectProblem } from '../../decode/object-problem.ts'
import type { ServiceName } from '../../model/service-name.ts'

/** What the Nodes announce by BGP. */
export interface BgpReport {
  /** In order of name. */
  readonly nodes: readonly BgpNode[]
  /** Each once, whichever Nodes have it. */
  readonly problems: readonly ObjectProblem[]
}

/** What one Node announces by BGP. */
export interface BgpNode {
  readonly node: string
  readonly decision: BgpDecision
  readonly why: readonly ToldWhy[]
}

/** What becomes of an address, with the sentence that says it. */
export interface ToldWhy {
  readonly why: BgpWhy
  readonly message: string
}

/** Returns what these Nodes announce by BGP; undefined where nothing asks for it. */
export function bgpReportOf(
  objects: BgpObjects,
  nodes: readonly AnnouncerNode[],
  settings: BgpDecisionSettings,
  grants: ReadonlyMap<ServiceName, Grant>,
): BgpReport | undefined {
  if (objects.peers.length === 0 && objects.advertisements.length === 0) return undefined
  const found = nodes
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((node): BgpNode => {
      const decision = decideBgp(objects, node, settings)
      const why = decision.why.map((each) => ({ why: each, message: messageOf(each, grants) }))
      return { node: node.name, decision, why }
    })
  const problems = new Map(
    found
      .flatMap(({ decision }) => decision.problems)
      .map((problem) => [JSON.stringify(problem), problem]),
  )
  return { nodes: found, problems: [...problems.values()] }
}

/** A Service without an address waits for what `nodelb allocate` says. */
function messageOf(why: BgpWhy, grants: ReadonlyMap<ServiceName, Grant>): string {
  const grant = grants.get(why.service)
  const waits = why.kind === 'silent' && why.reason.kind === 'no-address' && grant !== undefined
  return waits ? printReason(grant.reason) : printBgpWhy(why)
}
