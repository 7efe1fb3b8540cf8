import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { type CommitOutcome, commitPlan, type Failure } from '../../apply/nftables/commit.ts'
import { ownPort } from '../../apply/nftables/port.ts'
import { nameRules, readKernel } from '../../apply/nftables/read.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import { unreadableInTables } from '../../exempt/unreadable.ts'
import { withExempt } from '../../exempt/with-exempt.ts'
import { type Owner, ownerOf } from '../../frontend/label-text.ts'
import type { Settings } from '../../model/node.ts'
import type { Cluster } from '../../model/service.ts'
import { serviceName } from '../../model/service-name.ts'
import { unreachable } from '../../model/unreachable.ts'
import { operationCount, type Plan } from '../../plan/nftables/operation.ts'
import { type OwnerOf, owners } from '../../plan/nftables/owners.ts'
import { plan } from '../../plan/nftables/plan.ts'
import { ipvsFrame } from '../../render/ipvs/chains.ts'
import { frame } from '../../render/nftables/chains.ts'
import { kernelMemory } from '../../render/nftables/kernel-memory.ts'
import { heldInTables, recall } from '../../render/nftables/recall.ts'
import { inFamily, namesIn } from '../../render/nftables/table.ts'
import { renderCluster } from '../../render/render.ts'
import type { Renderer } from '../../render/renderer.ts'
import type { Chain, KernelRuleset, KernelTable, Ruleset } from '../../ruleset/nftables/types.ts'
import type { Goal } from '../dataplane.ts'
import { type Failed, failed } from '../outcome.ts'
import { blame, refusedOperations } from './refused.ts'
import { ownedByAnother } from './table-owner.ts'

/** A plan against what the kernel held at `generation`. */
interface Proposal {
  readonly generation: number
  readonly plan: Plan
  readonly ownerOf: OwnerOf
  readonly renderer: Renderer
  readonly kernel: KernelRuleset
  readonly desired: Ruleset
}

export type ProgramOutcome =
  | {
      readonly kind: 'committed'
      readonly proposal: Proposal
      readonly operations: number
      readonly bytes: number
      readonly refusals: readonly Refusal[]
    }
  | Failed

/**
 * Reads the kernel and returns what is missing; changes nothing. Nothing is added for the `refused`
 * Services: what the kernel holds of them stays. Rejects with NetlinkError.
 */
export async function propose(
  socket: NetlinkSocket,
  goal: Goal,
  refused: ReadonlySet<Owner> = new Set(),
): Promise<Proposal> {
  const state = await readKernel(socket)
  const { renderer, desired } = desiredFor(state.ruleset, goal, refused)
  const kernel = nameKernel(state.ruleset, desired, goal.settings)
  return {
    generation: state.generation,
    plan: plan(kernel, desired),
    ownerOf: owners(kernel, desired),
    renderer,
    kernel,
    desired,
  }
}

/**
 * Renders what the tables, which are now as in `held`, have to become; exempt Services stay as
 * held.
 */
export function desiredFor(
  held: KernelRuleset,
  goal: Goal,
  refused: ReadonlySet<Owner> = new Set(),
): { readonly renderer: Renderer; readonly desired: Ruleset } {
  const { node, settings } = recall(goal, heldInTables(held))
  const exempt = new Set([...unreadableInTables(held, goal), ...refused])
  const cluster = exempt.size === 0 ? goal.cluster : without(goal.cluster, exempt)
  const renderer = renderCluster(cluster, node, settings, kernelMemory(held))
  const rendered = renderer.ruleset()
  const desired = exempt.size === 0 ? rendered : withExempt(held, rendered, exempt, settings)
  return { renderer, desired }
}

/** Gives the rules in the kernel their texts, if they are nodelb's present or former ones. */
export function nameKernel(
  kernel: KernelRuleset,
  desired: Ruleset,
  settings: Settings,
): KernelRuleset {
  return nameRules(kernel, (family) => [
    ...formerFrames(inFamily(settings, family), kernel[family]),
    ...(desired[family]?.chains.values() ?? []),
  ])
}

/** Yields the chains that such sets called for, with any backend. */
function* formerFrames(settings: Settings, table: KernelTable | undefined): Iterable<Chain> {
  if (table === undefined) return
  const names = new Set([...table.sets.keys(), ...namesIn(table.elements)])
  yield* frame(settings, names).values()
  yield* ipvsFrame(settings, names).values()
}

function without(cluster: Cluster, owners: ReadonlySet<Owner>): Cluster {
  const services = cluster.services.filter((service) => !owners.has(ownerOf(serviceName(service))))
  return { ...cluster, services }
}

const ATTEMPTS = 10

/**
 * Reads, plans and commits until the kernel holds what the goal calls for. A Service that the
 * kernel refuses is taken out, and the rest is planned again. Rejects with NetlinkError.
 */
export async function program(socket: NetlinkSocket, goal: Goal): Promise<ProgramOutcome> {
  const refusals = new Map<Owner, Refusal>()
  for (let attempt = 1; attempt <= ATTEMPTS; ) {
    const found = await propose(socket, goal, new Set(refusals.keys()))
    const outcome = await tryOnce(socket, found, found.plan)
    if (outcome.kind === 'stale') attempt++
    else if (outcome.kind !== 'refused') return withRefusals(outcome, refusals)
    else if (!addNew(refusals, outcome.refusals))
      return failed(REFUSED, refusedOperations(outcome.failures))
  }
  return failed(
    `another process changed the rule set ${ATTEMPTS} times while nodelb was reading it`,
  )
}

export const REFUSED = 'the kernel refused the rule set'

type Attempt =
  | ProgramOutcome
  | { readonly kind: 'stale' }
  | {
      readonly kind: 'refused'
      readonly refusals: readonly Refusal[]
      readonly failures: readonly Failure[]
    }

async function tryOnce(socket: NetlinkSocket, proposal: Proposal, plan: Plan): Promise<Attempt> {
  const reason = plan.length === 0 ? undefined : await forbidden(socket, proposal.kernel)
  if (reason !== undefined) return failed(reason)
  const outcome = await commitPlan(socket, plan, proposal.generation)
  switch (outcome.kind) {
    case 'committed': {
      const { bytes } = outcome
      return { kind: 'committed', proposal, operations: operationCount(plan), bytes, refusals: [] }
    }
    case 'stale':
      return outcome
    case 'too-large':
    case 'no-answer':
      return failed(commitReason(outcome))
    case 'rejected': {
      const { failures } = outcome
      return { kind: 'refused', refusals: blame(failures, proposal.ownerOf), failures }
    }
    default:
      return unreachable(outcome)
  }
}

/** Returns why the tables cannot be changed: the socket of another process owns them (ADR 0011). */
async function forbidden(
  socket: NetlinkSocket,
  kernel: KernelRuleset,
): Promise<string | undefined> {
  if (kernel.ip?.owner === undefined && kernel.ip6?.owner === undefined) return undefined
  return ownedByAnother([kernel.ip?.owner, kernel.ip6?.owner], await ownPort(socket))
}

function withRefusals(
  outcome: ProgramOutcome,
  refusals: ReadonlyMap<Owner, Refusal>,
): ProgramOutcome {
  return outcome.kind === 'failed' ? outcome : { ...outcome, refusals: [...refusals.values()] }
}

/** Returns false when no refusal was new, so that another attempt would end the same way. */
function addNew(refusals: Map<Owner, Refusal>, more: readonly Refusal[]): boolean {
  const before = refusals.size
  for (const refusal of more) {
    if (!refusals.has(refusal.service)) refusals.set(refusal.service, refusal)
  }
  return refusals.size > before
}

/** Returns why the kernel did not accept a transaction, independent of its content. */
export function commitReason(
  outcome: Extract<CommitOutcome, { readonly kind: 'stale' | 'too-large' | 'no-answer' }>,
): string {
  if (outcome.kind === 'stale') return 'another process changed the rule set'
  if (outcome.kind === 'no-answer') return 'the kernel did not answer in time'
  return (
    `a batch of ${outcome.bytes} bytes does not fit the socket's send buffer of ${outcome.limit}; ` +
    'give nodelb CAP_NET_ADMIN in the initial user namespace, or raise net.core.wmem_max'
  )
}
