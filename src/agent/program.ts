import { readKernel, nameRules } from '../apply/nftables/read.ts'
import { commitPlan, type Failure } from '../apply/nftables/commit.ts'
import type { NetlinkSocket } from '../apply/netlink/socket.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import type { Plan } from '../plan/operation.ts'
import { type OwnerOf, owners, serviceOf } from '../plan/owners.ts'
import { plan } from '../plan/plan.ts'
import { frame } from '../render/frame.ts'
import { kernelMemory } from '../render/kernel-memory.ts'
import { renderCluster } from '../render/render.ts'
import type { Renderer } from '../render/renderer.ts'
import type { KernelRuleset, Ruleset, TableFamily } from '../ruleset/types.ts'

export interface Goal {
  readonly cluster: Cluster
  readonly node: NodeView
  readonly settings: Settings
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

/** Reads the kernel and works out what is missing; changes nothing. */
export async function propose(socket: NetlinkSocket, goal: Goal): Promise<Proposal> {
  const { generation, ruleset: kernel } = await readKernel(socket)
  const renderer = renderCluster(goal.cluster, goal.node, goal.settings, kernelMemory(kernel))
  const desired = renderer.ruleset()
  const current = nameRules(kernel, (family) => [
    ...frame(goal.settings, new Set(kernel[family]?.sets.keys() ?? [])).values(),
    ...(desired[family]?.chains.values() ?? []),
  ])
  return proposal(generation, current, desired, renderer)
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

/** Reads, plans and commits, until the kernel holds what it shall. */
export async function program(socket: NetlinkSocket, goal: Goal): Promise<ProgramOutcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const outcome = await commit(socket, await propose(socket, goal))
    if (outcome !== 'stale') return outcome
  }
  return failed(`another process changed the rule set ${ATTEMPTS} times while nodelb was reading it`)
}

/** Takes out the Services that the kernel refuses and commits the rest. */
async function commit(socket: NetlinkSocket, found: Proposal): Promise<ProgramOutcome | 'stale'> {
  const refusals: Refusal[] = []
  let rest = found.plan
  for (;;) {
    const outcome = await commitPlan(socket, rest, found.generation)
    switch (outcome.kind) {
      case 'committed':
        return {
          kind: 'committed',
          proposal: found,
          operations: rest.length,
          bytes: outcome.bytes,
          refusals,
        }
      case 'stale':
        return 'stale'
      case 'too-large':
        return failed(
          `a batch of ${outcome.bytes} bytes does not fit the socket's send buffer of ${outcome.limit}; ` +
            'give nodelb CAP_NET_ADMIN in the initial user namespace, or raise net.core.wmem_max',
        )
      case 'no-answer':
        return failed('the kernel did not answer in time')
      case 'rejected': {
        const blamed = blame(outcome.failures, found.ownerOf)
        const names = new Set(blamed.map(({ service }) => service))
        const without = rest.filter((operation) => !names.has(serviceName(found, operation)))
        if (without.length === rest.length) {
          return failed('the kernel refused the rule set', outcome.failures)
        }
        refusals.push(...blamed)
        rest = without
      }
    }
  }
}

function serviceName({ ownerOf }: Proposal, operation: Plan[number]): string {
  return serviceOf(ownerOf(operation) ?? '')
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
