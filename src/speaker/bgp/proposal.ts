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
import { identifierProblems } from './identifiers.ts'
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

/** What is to be in FRR where nothing is announced any more. */
export const NOTHING: ProposedBgp = { tree: new Map(), peers: [], problems: [] }

/** Returns the configuration as FRR prints it, with `***` for passwords. */
export function printBgp({ tree }: ProposedBgp): string {
  return printTree(tree)
}

/** Where FRR is, and whose. */
type Where = Pick<BgpAnnouncingSettings, 'frr'>

type ComparedBgp =
  | { readonly kind: 'compared'; readonly plan: Plan; readonly problems: readonly string[] }
  /** With `isAbsent` there is nothing to compare with, since no bgpd runs. */
  | { readonly kind: 'not-compared'; readonly reason: string; readonly isAbsent: boolean }

/** Compares with the FRR of this machine, and changes nothing in it; `keeps` as for `applyBgp`. */
export async function compareBgp(
  { tree }: ProposedBgp,
  settings: Where,
  keeps: boolean,
): Promise<ComparedBgp> {
  const { opened, ownership } = await open(settings)
  if (opened.kind === 'broken') return { ...opened, kind: 'not-compared' }
  const read = await opened.frr.read()
  opened.frr.close()
  if (read.kind === 'broken') {
    return { kind: 'not-compared', reason: read.reason, isAbsent: false }
  }
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
  settings: Where,
  keeps: boolean,
): Promise<AppliedBgp> {
  const { opened } = await open(settings)
  if (opened.kind === 'broken') return { kind: 'not-applied', reason: opened.reason }
  const brought = await opened.frr.bring(tree, { keeps })
  const told = await opened.frr.sessions()
  opened.frr.close()
  if (brought.kind === 'broken') return { kind: 'not-applied', reason: brought.reason }
  const { plan, problems } = brought
  const refused = refusalProblems(brought.refused, peers)
  const lacking = told.kind === 'sessions' ? identifierProblems(peers, told.sessions) : []
  const messages = lacking.map(({ message }) => message)
  return { kind: 'applied', operations: plan.length, refused, problems: [...problems, ...messages] }
}

async function open({ frr: { sockets: folder, shared } }: Where) {
  const ownership = shared ? 'shared' : 'whole'
  const opened = await Frr.open({ folder, ownership, broke: () => undefined })
  return { opened, ownership } as const
}
