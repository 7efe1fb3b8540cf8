import { decideBgp } from '../../announce/bgp/decide.ts'
import type { BgpObjects } from '../../announce/bgp/objects.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { AnnouncerNode } from '../../announce/objects.ts'
import { Frr } from '../../apply/bgp/frr.ts'
import { differenceOf } from '../../plan/bgp/difference.ts'
import type { Plan } from '../../plan/bgp/operation.ts'
import { wantedOf } from '../../render/bgp/from-announcements.ts'
import { treeOf } from '../../render/bgp/frr-tree.ts'
import { printTree } from '../../ruleset/bgp/frr-print.ts'
import type { Tree } from '../../ruleset/bgp/tree.ts'
import type { BgpAnnouncingSettings } from './decisions.ts'

/** What a Node would announce by BGP. */
interface ProposedBgp {
  readonly tree: Tree
  readonly problems: readonly AnnounceProblem[]
}

/** Returns how FRR would be configured on a Node by the objects alone. */
export function proposedBgp(
  objects: BgpObjects,
  node: AnnouncerNode,
  settings: BgpAnnouncingSettings,
): ProposedBgp {
  const decision = decideBgp(objects, node, settings)
  const { wanted, problems } = wantedOf(decision)
  return { tree: treeOf(wanted), problems: [...decision.problems, ...problems] }
}

/** Returns the configuration as FRR prints it, with `***` for passwords. */
export function printBgp({ tree }: ProposedBgp): string {
  return printTree(tree)
}

type ComparedBgp =
  | { readonly kind: 'compared'; readonly plan: Plan; readonly problems: readonly string[] }
  | { readonly kind: 'not-compared'; readonly reason: string }

/** Compares with the FRR of this machine, and changes nothing in it. */
export async function compareBgp(
  { tree }: ProposedBgp,
  { frr: { sockets: folder, shared } }: BgpAnnouncingSettings,
): Promise<ComparedBgp> {
  const ownership = shared ? 'shared' : 'whole'
  const opened = await Frr.open({ folder, ownership, broke: () => undefined })
  if (opened.kind === 'broken') return { kind: 'not-compared', reason: opened.reason }
  const { frr } = opened
  const read = await frr.read()
  frr.close()
  if (read.kind === 'broken') return { kind: 'not-compared', reason: read.reason }
  return { kind: 'compared', ...differenceOf(read.tree, tree, ownership) }
}
