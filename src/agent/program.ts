import { type KernelState, nameRules, readKernel } from '../apply/nftables/read.ts'
import { commitPlan, type Failure } from '../apply/nftables/commit.ts'
import type { NetlinkSocket } from '../apply/netlink/socket.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import type { Plan } from '../plan/operation.ts'
import { type OwnerOf, owners, serviceOf } from '../plan/owners.ts'
import { plan } from '../plan/plan.ts'
import { serviceName } from '../render/claims.ts'
import { frame } from '../render/frame.ts'
import { kernelMemory } from '../render/kernel-memory.ts'
import { renderCluster } from '../render/render.ts'
import type { Renderer } from '../render/renderer.ts'
import type { KernelRuleset, Ruleset, TableFamily } from '../ruleset/types.ts'
import { keepServices, programmed } from './keep.ts'

export interface Goal {
  readonly cluster: Cluster
  readonly node: NodeView
  readonly settings: Settings
  /** `namespace/name` of Services that cannot be read: what the kernel holds of them stays. */
  readonly keep?: ReadonlySet<string>
}

/** A plan against what the kernel held at `generation`. */
export interface Proposal {
  readonly generation: number
  readonly plan: Plan
  readonly ownerOf: OwnerOf
  readonly renderer: Renderer
}

/** A Service that the kernel did not take, with the first reason. */
export interface Refusal {
  readonly service: string
  readonly failure: Failure
}

export type ProgramOutcome =
  | {
      readonly kind: 'committed'
      readonly proposal: Proposal
      readonly operations: number
      readonly bytes: number
      readonly refusals: readonly Refusal[]
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly failures: readonly Failure[] }

/**
 * Reads the kernel and works out what is missing; changes nothing. Of the `refused` Services
 * nothing is added: what the kernel holds of them stays as well.
 */
export async function propose(
  socket: NetlinkSocket,
  goal: Goal,
  refused: ReadonlySet<string> = new Set(),
): Promise<Proposal> {
  const { generation, ruleset: kernel } = await readKernel(socket)
  const kept = keptServices(kernel, goal, refused)
  const cluster = kept.size === 0 ? goal.cluster : without(goal.cluster, kept)
  const renderer = renderCluster(cluster, goal.node, goal.settings, kernelMemory(kernel))
  const rendered = renderer.ruleset()
  const desired = kept.size === 0 ? rendered : keepServices(kernel, rendered, kept, goal.settings)
  const current = nameRules(kernel, (family) => [
    ...frame(goal.settings, new Set(kernel[family]?.sets.keys() ?? [])).values(),
    ...(desired[family]?.chains.values() ?? []),
  ])
  return proposal(generation, current, desired, renderer)
}

/** Of a Service that is not in the kernel yet, what can be read of it is better than nothing. */
function keptServices(
  kernel: KernelRuleset,
  { keep = new Set() }: Goal,
  refused: ReadonlySet<string>,
): ReadonlySet<string> {
  if (keep.size === 0) return refused
  const present = programmed(kernel)
  return new Set([...[...keep].filter((name) => present.has(name)), ...refused])
}

function without(cluster: Cluster, names: ReadonlySet<string>): Cluster {
  const services = cluster.services.filter((service) => !names.has(serviceName(service)))
  return { ...cluster, services }
}

function proposal(
  generation: number,
  current: KernelRuleset,
  desired: Ruleset,
  renderer: Renderer,
): Proposal {
  return {
    generation,
    plan: plan(current, desired),
    ownerOf: owners(current, desired),
    renderer,
  }
}

const ATTEMPTS = 10

/**
 * Reads, plans and commits, until the kernel holds what it shall. A Service that the kernel
 * refuses is taken out, and the rest is planned again.
 */
export async function program(socket: NetlinkSocket, goal: Goal): Promise<ProgramOutcome> {
  const refusals = new Map<string, Refusal>()
  for (let attempt = 1; attempt <= ATTEMPTS; ) {
    const found = await propose(socket, goal, new Set(refusals.keys()))
    const outcome = await commitPlan(socket, found.plan, found.generation)
    switch (outcome.kind) {
      case 'committed':
        return {
          kind: 'committed',
          proposal: found,
          operations: found.plan.length,
          bytes: outcome.bytes,
          refusals: [...refusals.values()],
        }
      case 'stale':
        attempt++
        break
      case 'too-large':
        return failed(tooLarge(outcome.bytes, outcome.limit))
      case 'no-answer':
        return failed('the kernel did not answer in time')
      case 'rejected': {
        if (outcome.failures.some(forgotten)) {
          attempt++
          break
        }
        const blamed = blame(outcome.failures, found.ownerOf).filter(
          ({ service }) => !refusals.has(service),
        )
        if (blamed.length === 0) return failed('the kernel refused the rule set', outcome.failures)
        for (const refusal of blamed) refusals.set(refusal.service, refusal)
        break
      }
      default:
        return unreachable(outcome)
    }
  }
  return failed(`another process changed the rule set ${ATTEMPTS} times while nodelb was reading it`)
}

/** A client whose time ran out between the reading and the commit: no change of the generation. */
function forgotten({ operation, errno }: Failure): boolean {
  return (
    errno === 'ENOENT' && operation.kind === 'delete-element' && operation.set.learned !== undefined
  )
}

function tooLarge(bytes: number, limit: number): string {
  return (
    `a batch of ${bytes} bytes does not fit the socket's send buffer of ${limit}; ` +
    'give nodelb CAP_NET_ADMIN in the initial user namespace, or raise net.core.wmem_max'
  )
}

function blame(failures: readonly Failure[], ownerOf: OwnerOf): readonly Refusal[] {
  const byService = new Map<string, Refusal>()
  for (const failure of failures) {
    const owner = ownerOf(failure.operation)
    if (owner === undefined) continue
    const service = serviceOf(owner)
    if (!byService.has(service)) byService.set(service, { service, failure })
  }
  return [...byService.values()]
}

/** Removes nodelb's tables and nothing else; returns how many there were. */
export async function cleanup(socket: NetlinkSocket): Promise<number> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { generation, ruleset } = await readKernel(socket)
    const families = (['ip', 'ip6'] as const).filter((family) => ruleset[family] !== undefined)
    const remove: Plan = families.map((family: TableFamily) => ({ kind: 'delete-table', family }))
    const outcome = await commitPlan(socket, remove, generation)
    if (outcome.kind === 'committed') return families.length
    if (outcome.kind !== 'stale') throw new Error(`cleanup: ${JSON.stringify(outcome)}`)
  }
  throw new Error('cleanup: another process keeps changing the rule set')
}

function failed(reason: string, failures: readonly Failure[] = []): ProgramOutcome {
  return { kind: 'failed', reason, failures }
}
