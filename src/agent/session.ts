import type { NetlinkSocket } from '../apply/netlink/socket.ts'
import { commitPlan } from '../apply/nftables/commit.ts'
import { nameChains, readChains, readKernel } from '../apply/nftables/read.ts'
import type { Settings } from '../model/node.ts'
import type { Plan } from '../plan/operation.ts'
import { planDelta, type Shape } from '../plan/plan-delta.ts'
import type { Delta, Renderer } from '../render/renderer.ts'
import type { KernelChain, TableFamily } from '../ruleset/types.ts'
import { commit, compare, failed, type Goal, type ProgramOutcome, program } from './program.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
const ATTEMPTS = 10

export type Started =
  | { readonly kind: 'started'; readonly session: Session; readonly first: ProgramOutcome }
  | { readonly kind: 'failed'; readonly outcome: ProgramOutcome }

export type Settled =
  | Omit<Extract<ProgramOutcome, { kind: 'committed' }>, 'proposal'>
  | Extract<ProgramOutcome, { kind: 'failed' }>

/** Reads the kernel, brings it to the goal, and is ready to follow changes. */
export async function startSession(socket: NetlinkSocket, goal: Goal): Promise<Started> {
  const first = await program(socket, goal)
  if (first.kind === 'failed') return { kind: 'failed', outcome: first }
  const session = new Session(socket, goal.settings, first.proposal.renderer)
  if (first.refusals.length === 0) await session.learn()
  return { kind: 'started', session, first }
}

/** Knows what the kernel holds, so that a change costs what it changes: no dump, no full render. */
export class Session {
  readonly renderer: Renderer
  readonly #socket: NetlinkSocket
  readonly #settings: Settings
  readonly #shapes: Map<TableFamily, Shape<KernelChain>> = new Map()
  #generation = 0
  /** False when the kernel may differ from the renderer: the next commit reads it again. */
  #known = false

  constructor(socket: NetlinkSocket, settings: Settings, renderer: Renderer) {
    this.#socket = socket
    this.#settings = settings
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
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const state = await readKernel(this.#socket)
      const outcome = await commit(this.#socket, compare(state, this.renderer, this.#settings))
      if (outcome === 'stale') continue
      if (outcome.kind === 'committed' && outcome.refusals.length === 0) await this.learn()
      return outcome
    }
    return failed(`another process changed the rule set ${ATTEMPTS} times while it was read`)
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
