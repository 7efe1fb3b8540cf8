import type { NetlinkSocket } from '../apply/netlink/socket.ts'
import { type CommitOutcome, commitPlan } from '../apply/nftables/commit.ts'
import { nameChains, nameRules, readChains, readKernel } from '../apply/nftables/read.ts'
import type { Plan } from '../plan/operation.ts'
import { type OwnerOf, owners, ownersBy, serviceOf } from '../plan/owners.ts'
import { plan } from '../plan/plan.ts'
import { planDelta, type Shape } from '../plan/plan-delta.ts'
import { frame } from '../render/frame.ts'
import type { Delta, Renderer } from '../render/renderer.ts'
import type { KernelChain, TableFamily } from '../ruleset/types.ts'
import {
  blame,
  forgotten,
  type Goal,
  type ProgramOutcome,
  program,
  type Refusal,
} from './program.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
const ATTEMPTS = 10

export type Started =
  | { readonly kind: 'started'; readonly session: Session; readonly first: ProgramOutcome }
  | { readonly kind: 'failed'; readonly outcome: ProgramOutcome }

export type Settled =
  | {
      readonly kind: 'committed'
      readonly operations: number
      readonly bytes: number
      readonly refusals: readonly Refusal[]
    }
  | { readonly kind: 'failed'; readonly outcome: Exclude<CommitOutcome, { kind: 'committed' }> }

/** Reads the kernel, brings it to the goal, and is ready to follow changes. */
export async function startSession(socket: NetlinkSocket, goal: Goal): Promise<Started> {
  const first = await program(socket, goal)
  if (first.kind === 'failed') return { kind: 'failed', outcome: first }
  const session = new Session(socket, goal, first.proposal.renderer)
  if (first.refusals.length === 0) await session.learn()
  return { kind: 'started', session, first }
}

/** Knows what the kernel holds, so that a change costs what it changes: no dump, no full render. */
export class Session {
  readonly renderer: Renderer
  readonly #socket: NetlinkSocket
  readonly #goal: Goal
  readonly #shapes: Map<TableFamily, Shape<KernelChain>> = new Map()
  #generation = 0
  /** False when the kernel may differ from the renderer: the next commit reads it again. */
  #known = false

  constructor(socket: NetlinkSocket, goal: Goal, renderer: Renderer) {
    this.#socket = socket
    this.#goal = goal
    this.renderer = renderer
  }

  /** Commits what changed in the renderer since the last call. */
  async settle(): Promise<Settled> {
    const delta = this.renderer.settle()
    const settled = this.#known && this.#sameTables() ? await this.#follow(delta) : 'unknown'
    return settled === 'unknown' ? this.#resync() : settled
  }

  /** Takes stock of a kernel that holds what the renderer does: the generation, rules' handles. */
  async learn(): Promise<void> {
    this.#generation = await this.#socket.generation()
    for (const family of FAMILIES) await this.#learnShape(family)
    this.#known = (await this.#socket.generation()) === this.#generation
  }

  async #follow(delta: Delta): Promise<Settled | 'unknown'> {
    const steps = FAMILIES.flatMap((family) => this.#planFamily(family, delta))
    this.#known = false
    const outcome = await commitPlan(this.#socket, steps, this.#generation)
    if (outcome.kind !== 'committed') return 'unknown'
    if (steps.length > 0) this.#generation = nextGeneration(this.#generation)
    for (const family of delta.frames.keys()) await this.#learnShape(family)
    this.#known = true
    return { kind: 'committed', operations: steps.length, bytes: outcome.bytes, refusals: [] }
  }

  #planFamily(family: TableFamily, delta: Delta): Plan {
    const after = delta.frames.get(family)
    const before = this.#shapes.get(family)
    const elements = delta.elements.filter((change) => change.family === family)
    return planDelta(family, elements, after && before && { before, after })
  }

  /** Somebody else changed the rule set, or a table comes or goes: compares everything. */
  async #resync(): Promise<Settled> {
    let outcome: CommitOutcome = { kind: 'stale' }
    const refusals = new Map<string, Refusal>()
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await this.#compare()
      const refused = (label: string | undefined) =>
        label !== undefined && refusals.has(serviceOf(label))
      const steps = found.plan.filter((operation) => !refused(found.ownerOf(operation)))
      outcome = await commitPlan(this.#socket, steps, found.generation)
      if (outcome.kind === 'committed') {
        if (refusals.size === 0) await this.learn()
        const { bytes } = outcome
        const said = [...refusals.values()]
        return { kind: 'committed', operations: steps.length, bytes, refusals: said }
      }
      if (outcome.kind === 'rejected' && !outcome.failures.some(forgotten)) {
        const blamed = blame(outcome.failures, found.ownerOf)
        if (blamed.length === 0) break
        for (const refusal of blamed) refusals.set(refusal.service, refusal)
      } else if (outcome.kind !== 'stale' && outcome.kind !== 'rejected') break
    }
    return { kind: 'failed', outcome }
  }

  async #compare(): Promise<{ plan: Plan; ownerOf: OwnerOf; generation: number }> {
    const { generation, ruleset } = await readKernel(this.#socket)
    const desired = this.renderer.ruleset()
    const current = nameRules(ruleset, (family) => [
      ...frame(this.#goal.settings, new Set(ruleset[family]?.sets.keys() ?? [])).values(),
      ...(desired[family]?.chains.values() ?? []),
    ])
    const known = owners(current, desired)
    const lately = ownersBy((family, front) => this.renderer.label(family, front))
    const ownerOf: OwnerOf = (operation) => lately(operation) ?? known(operation)
    return { generation, plan: plan(current, desired), ownerOf }
  }

  #sameTables(): boolean {
    return FAMILIES.every((family) => {
      return this.#shapes.has(family) === (this.renderer.frame(family) !== undefined)
    })
  }

  async #learnShape(family: TableFamily): Promise<void> {
    const made = this.renderer.frame(family)
    if (made === undefined) {
      this.#shapes.delete(family)
      return
    }
    const chains = await readChains(this.#socket, family)
    const named = nameChains(family, chains, made.chains.values())
    this.#shapes.set(family, { chains: named, sets: made.sets })
  }
}

/** The kernel counts commits in 32 bits and leaves out 0. */
function nextGeneration(generation: number): number {
  return generation === 0xffffffff ? 1 : generation + 1
}
