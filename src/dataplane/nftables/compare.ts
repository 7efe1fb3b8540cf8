import { setImmediate as pause } from 'node:timers/promises'
import { inSteps } from '../../apply/in-steps.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import type { CommitOutcome } from '../../apply/nftables/commit.ts'
import type { KernelState } from '../../apply/nftables/read.ts'
import { elementSteps } from '../../exempt/element-diff.ts'
import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import type { FrontendChange } from '../../frontend/frontend-change.ts'
import type { TableFamily } from '../../model/family.ts'
import type { Settings } from '../../model/node.ts'
import { operationCount, type Plan } from '../../plan/nftables/operation.ts'
import { type OwnerOf, owners } from '../../plan/nftables/owners.ts'
import { type OwnedPlan, type Ownership, planOwned } from '../../plan/nftables/ownership.ts'
import { frontendChanges } from '../../plan/nftables/served.ts'
import type { KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'
import { type Failed, failed } from '../outcome.ts'
import type { Committed } from '../session.ts'
import type { Commits } from './committer.ts'
import { commitReason, nameKernel, REFUSED } from './program.ts'
import { exemptRefused, refusedOperations } from './refused.ts'
import { ownedByAnother } from './table-owner.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
const ATTEMPTS = 10

/** What a session works with. */
export interface SessionParts {
  readonly socket: NetlinkSocket
  /**
   * The socket's netlink port, which the kernel shows as the owner of tables that this process
   * owns.
   */
  readonly port: number
  readonly committer: Commits
  /** Reads what the kernel holds now. */
  readonly read: () => Promise<KernelState>
  readonly renderer: ElementRenderer
  readonly settings: Settings
  readonly ownership: Ownership
}

/** The kernel now holds what is rendered. */
export interface Compared {
  readonly kind: 'compared'
  /** What was missing. */
  readonly plan: Plan
  readonly ownerOf: OwnerOf
  /** Returns the changes; call it before the rendered rule set changes again. */
  readonly changes: () => readonly FrontendChange[]
  readonly bytes: number
  /** Services that this comparison had to leave as they were. */
  readonly refusals: readonly Refusal[]
}

interface Comparison extends OwnedPlan {
  readonly kernel: KernelRuleset
  readonly desired: Ruleset
  readonly ownerOf: OwnerOf
}

/**
 * Reads the kernel and commits what is missing. A Service that the kernel refuses is exempt and
 * the rest is planned again; if the kernel refuses something that no Service owns, the tables are
 * made anew. Rejects with NetlinkError.
 */
export async function compareAndCommit(
  parts: SessionParts,
  before?: KernelState,
): Promise<Compared | Failed> {
  const refusals: Refusal[] = []
  let state = before
  let anew = false
  for (let attempt = 1; attempt <= ATTEMPTS; ) {
    state ??= await parts.read()
    const { ip, ip6 } = state.ruleset
    const obstacle = ownedByAnother([ip?.owner, ip6?.owner], parts.port)
    if (obstacle !== undefined) return failed(obstacle)
    const found = await compare(parts, state, anew)
    const outcome = await send(parts, state, found)
    if (outcome.kind === 'committed') return compared(found, outcome.bytes, refusals)
    if (outcome.kind === 'stale') {
      state = undefined
      attempt++
      continue
    }
    if (outcome.kind !== 'rejected') return failed(commitReason(outcome))
    const refused = exemptRefused(parts.renderer, found, outcome.failures)
    refusals.push(...refused)
    if (refused.length > 0) continue
    if (anew) return failed(REFUSED, refusedOperations(outcome.failures))
    anew = true
  }
  return failed(`another process changed the rule set ${ATTEMPTS} times while it was read`)
}

/** Lets the event loop go on between its steps: with many Services each takes a while. */
async function compare(
  { renderer, settings, ownership }: SessionParts,
  state: KernelState,
  anew: boolean,
): Promise<Comparison> {
  const desired = renderer.ruleset()
  const kernel = nameKernel(state.ruleset, desired, settings)
  const ownerOf = owners(kernel, desired)
  const plans: OwnedPlan[] = []
  for (const family of FAMILIES) {
    await pause()
    const steps = planOwned(only(family, kernel), only(family, desired), ownership, anew)
    plans.push(await inSteps(steps))
  }
  await pause()
  return {
    kernel,
    desired,
    ownerOf,
    adoption: plans.flatMap(({ adoption }) => adoption),
    plan: plans.flatMap(({ plan }) => plan),
  }
}

function only<Tables extends KernelRuleset | Ruleset>(family: TableFamily, tables: Tables): Tables {
  return { [family]: tables[family] } as Tables
}

async function send(
  { committer, ownership, port }: SessionParts,
  { generation, ruleset }: KernelState,
  { adoption, plan, desired }: Comparison,
): Promise<CommitOutcome> {
  const held = FAMILIES.every((family) => {
    const table = ruleset[family]
    return (table ?? desired[family]) === undefined || table?.owner === port
  })
  committer.knows(generation)
  return committer.commit([...adoption, ...plan], ownership === 'kernel' && held)
}

function compared(
  { kernel, desired, ownerOf, plan }: Comparison,
  bytes: number,
  refusals: readonly Refusal[],
): Compared {
  const changes = () =>
    plan.length === 0 ? [] : frontendChanges(elementSteps(kernel, desired), desired)
  return { kind: 'compared', plan, ownerOf, changes, bytes, refusals }
}

/** Returns what a comparison did; without changes where `reread` is `start`. */
export function summary({ plan, bytes, refusals, changes }: Compared, reread: string): Committed {
  return {
    kind: 'committed',
    operations: operationCount(plan),
    bytes,
    refusals,
    changes: reread === 'start' ? [] : changes(),
    reread,
  }
}

/** Why changes could not be committed, so that everything has to be compared. */
export const REASONS: Readonly<Record<Exclude<CommitOutcome['kind'], 'committed'>, string>> = {
  stale: 'another process changed the rule set',
  rejected: REFUSED,
  'too-large': 'a batch was too large',
  'no-answer': 'the kernel did not answer in time',
}
