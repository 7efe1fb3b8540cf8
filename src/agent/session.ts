import { nameChains, readChains, readKernel } from '../apply/nftables/read.ts'
import type { NetlinkSocket } from '../apply/netlink/socket.ts'
import type { Plan } from '../plan/operation.ts'
import { ownersBy } from '../plan/owners.ts'
import { planDelta, type Shape } from '../plan/plan-delta.ts'
import type { Delta, Renderer } from '../render/renderer.ts'
import type { KernelChain, TableFamily } from '../ruleset/types.ts'
import { commit, compare, type Goal, type ProgramOutcome, type Proposal, program } from './program.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
const ATTEMPTS = 10

export type Started =
  | { readonly kind: 'started'; readonly session: Session; readonly first: ProgramOutcome }
  | { readonly kind: 'failed'; readonly outcome: ProgramOutcome }

/** Reads the kernel, brings it to the goal, and is ready to follow changes. */
export async function startSession(socket: NetlinkSocket, goal: Goal): Promise<Started> {
  const first = await program(socket, goal)
  if (first.kind === 'failed') return { kind: 'failed', outcome: first }
  const session = new Session(socket, goal, first.proposal.renderer)
  await session.learn(first.refusals.length === 0)
  return { kind: 'started', session, first }
}

/** Holds what the kernel holds, so that a change costs what it changes: no dump, no full render. */
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
  async settle(): Promise<ProgramOutcome> {
    const delta = this.renderer.settle()
    const outcome = this.#known && this.#sameTables() ? await this.#commitDelta(delta) : 'stale'
    return outcome === 'stale' ? this.#resync() : outcome
  }

  /** Takes stock after a commit: the generation, and the handles of new rules. */
  async learn(known: boolean): Promise<void> {
    this.#known = false
    this.#generation = await this.#socket.generation()
    for (const family of FAMILIES) await this.#learnShape(family)
    this.#known = known && (await this.#socket.generation()) === this.#generation
  }

  async #commitDelta(delta: Delta): Promise<ProgramOutcome | 'stale'> {
    const steps = FAMILIES.flatMap((family) => this.#planFamily(family, delta))
    const outcome = await commit(this.#socket, this.#proposal(steps))
    if (outcome === 'stale' || outcome.kind === 'failed') {
      this.#known = false
      return outcome
    }
    if (steps.length > 0) this.#generation = nextGeneration(this.#generation)
    for (const family of delta.frames.keys()) await this.#learnShape(family)
    if (outcome.refusals.length > 0) this.#known = false
    return outcome
  }

  #planFamily(family: TableFamily, delta: Delta): Plan {
    const after = delta.frames.get(family)
    const before = this.#shapes.get(family)
    const frame = after && before && { before, after }
    const elements = delta.elements.filter((change) => change.family === family)
    return planDelta(family, elements, frame)
  }

  #proposal(plan: Plan): Proposal {
    const ownerOf = ownersBy((family, front) => this.renderer.label(family, front))
    return { generation: this.#generation, plan, ownerOf, renderer: this.renderer }
  }

  /** Somebody else changed the rule set, or a table comes or goes: compare everything. */
  async #resync(): Promise<ProgramOutcome> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const state = await readKernel(this.#socket)
      const found = compare(state, this.renderer, this.#goal.settings)
      const outcome = await commit(this.#socket, found)
      if (outcome === 'stale') continue
      if (outcome.kind === 'committed') await this.learn(outcome.refusals.length === 0)
      return outcome
    }
    const reason = `another process changed the rule set ${ATTEMPTS} times while it was read`
    return { kind: 'failed', reason, failures: [] }
  }

  #sameTables(): boolean {
    return FAMILIES.every((family) => {
      return this.#shapes.has(family) === (this.renderer.frame(family) !== undefined)
    })
  }

  async #learnShape(family: TableFamily): Promise<void> {
    const frame = this.renderer.frame(family)
    if (frame === undefined) {
      this.#shapes.delete(family)
      return
    }
    const chains = await readChains(this.#socket, family)
    const named = nameChains(family, chains, frame.chains.values())
    this.#shapes.set(family, { chains: named, sets: frame.sets })
  }
}

/** The kernel counts commits in 32 bits and leaves out 0. */
function nextGeneration(generation: number): number {
  return generation === 0xffffffff ? 1 : generation + 1
}
