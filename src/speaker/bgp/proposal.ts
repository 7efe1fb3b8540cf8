import { decideBgp } from '../../announce/bgp/decide.ts'
import type { BgpSession } from '../../announce/bgp/decision.ts'
import type { BgpObjects } from '../../announce/bgp/objects.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { AnnouncerNode } from '../../announce/objects.ts'
import { Frr } from '../../apply/bgp/frr.ts'
import { differenceOf } from '../../plan/bgp/difference.ts'
import type { Plan } from '../../plan/bgp/operation.ts'
import { treeOf } from '../../render/bgp/frr-tree.ts'
import { leftOutOf } from '../../render/bgp/left-out.ts'
import { printTree } from '../../ruleset/bgp/frr-print.ts'
import type { Tree } from '../../ruleset/bgp/tree.ts'
import type { BgpAnnouncingSettings } from './decisions.ts'
import { refusalProblems } from './refusals.ts'

/** What a Node would announce by BGP. */
interface ProposedBgp {
  readonly tree: Tree
  readonly peers: readonly BgpSession[]
  readonly problems: readonly AnnounceProblem[]
}

/** Returns how FRR would be configured on a Node by the objects alone. */
export function proposedBgp(
  objects: BgpObjects,
  node: AnnouncerNode,
  settings: BgpAnnouncingSettings,
): ProposedBgp {
  const decision = decideBgp(objects, node, settings)
  const { peers, problems } = decision
  return { tree: treeOf(decision), peers, problems: [...problems, ...leftOutOf(peers)] }
}

/** Returns the configuration as FRR prints it, with `***` for passwords. */
export function printBgp({ tree }: ProposedBgp): string {
  return printTree(tree)
}

type ComparedBgp =
  | { readonly kind: 'compared'; readonly plan: Plan; readonly problems: readonly string[] }
  | { readonly kind: 'not-compared'; readonly reason: string }

/** Compares with the FRR of this machine, and changes nothing in it; `keeps` as for `applyBgp`. */
export async function compareBgp(
  { tree }: ProposedBgp,
  settings: BgpAnnouncingSettings,
  keeps: boolean,
): Promise<ComparedBgp> {
  const { opened, ownership } = await open(settings)
  if (opened.kind === 'broken') return { kind: 'not-compared', reason: opened.reason }
  const read = await opened.frr.read()
  opened.frr.close()
  if (read.kind === 'broken') return { kind: 'not-compared', reason: read.reason }
  return { kind: 'compared', ...differenceOf(read.tree, tree, ownership, keeps) }
}

type AppliedBgp =
  | {
      readonly kind: 'applied'
      readonly operations: number
      /** What FRR refused. */
      readonly refused: readonly AnnounceProblem[]
      readonly problems: readonly string[]
    }
  | { readonly kind: 'not-applied'; readonly reason: string }

/** Configures the FRR of this machine once; with `keeps` nothing is taken away. */
export async function applyBgp(
  { tree, peers }: ProposedBgp,
  settings: BgpAnnouncingSettings,
  keeps: boolean,
): Promise<AppliedBgp> {
  const { opened } = await open(settings)
  if (opened.kind === 'broken') return { kind: 'not-applied', reason: opened.reason }
  const brought = await opened.frr.bring(tree, keeps)
  opened.frr.close()
  if (brought.kind === 'broken') return { kind: 'not-applied', reason: brought.reason }
  const { plan, problems } = brought
  const refused = refusalProblems(brought.refused, peers)
  return { kind: 'applied', operations: plan.length, refused, problems }
}

async function open({ frr: { sockets: folder, shared } }: BgpAnnouncingSettings) {
  const ownership = shared ? 'shared' : 'whole'
  const opened = await Frr.open({ folder, ownership, broke: () => undefined })
  return { opened, ownership } as const
}
