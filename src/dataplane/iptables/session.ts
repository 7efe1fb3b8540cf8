import { commitIptables } from '../../apply/iptables/commit.ts'
import type { IptablesWatch } from '../../apply/iptables/foreign-change.ts'
import type { FlavourPrograms } from '../../apply/iptables/programs.ts'
import { watchIptables } from '../../apply/iptables/watch.ts'
import type { ChainRenderer } from '../../exempt/chain-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import {
  allAdded,
  type FrontendChange,
  type ServedFrontends,
} from '../../frontend/frontend-change.ts'
import type { Owner } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import { grouped } from '../../plan/explain.ts'
import {
  type ChainLabel,
  iptablesOperationCount,
  shownIptables,
} from '../../plan/iptables/explain.ts'
import { planChanges } from '../../plan/iptables/plan.ts'
import type { Ownership } from '../../plan/nftables/ownership.ts'
import { frontendChanges } from '../../render/iptables/served.ts'
import type {
  IptablesChains,
  IptablesRuleset,
  IptablesTable,
  TableChange,
} from '../../ruleset/iptables/types.ts'
import { type Holding, holdingChains } from '../claims.ts'
import type { Goal } from '../dataplane.ts'
import { type InTurn, inTurn } from '../in-turn.ts'
import { type Failed, failed, orFailed } from '../outcome.ts'
import type {
  Committed,
  Connections,
  ForeignChange,
  Session,
  SessionOptions,
  Started,
  Synced,
  Verified,
} from '../session.ts'
import { type Compared, compareAndCommit, type IptablesParts } from './compare.ts'
import { connectionsInNat } from './connections.ts'
import { desiredChains } from './program.ts'

const START = 'start'

/**
 * Reads the tables, brings them to the goal, and returns a session that follows changes. Any
 * NetlinkError becomes a failed outcome.
 */
export async function startIptablesSession(
  programs: FlavourPrograms,
  goal: Goal,
  { watch = false }: SessionOptions,
): Promise<Started<IptablesSession>> {
  const started = await orFailed(async () => {
    const desired = await desiredChains(programs, goal)
    if (desired.kind === 'failed') return desired
    const session = new IptablesSession(programs, desired.renderer)
    let first: Synced | undefined
    try {
      if (watch) await session.watch()
      first = await session.begin()
      return first.kind === 'committed' ? { kind: 'started' as const, session, first } : first
    } finally {
      if (first?.kind !== 'committed') session.close()
    }
  })
  return started.kind === 'started' ? started : { kind: 'failed', outcome: started }
}

/** Knows that the tables hold what is rendered, so that only changes are sent. */
export class IptablesSession implements Session {
  readonly ownership: Ownership = 'none'
  readonly renderer: ChainRenderer
  readonly #parts: IptablesParts
  readonly #listeners: Set<(change: ForeignChange) => void> = new Set()
  #watch: IptablesWatch | undefined
  /** Why the tables may differ from what is rendered; the next commit reads them again. */
  #unknown: string | undefined = START
  /**
   * What others changed since the tables were last read, which a commit under way does not repair.
   */
  #foreign: string | undefined
  #closed = false
  /** Tasks share what is known of the tables. */
  readonly #inTurn: InTurn = inTurn()

  constructor(programs: FlavourPrograms, renderer: ChainRenderer) {
    this.renderer = renderer
    this.#parts = {
      programs,
      renderer,
      around: (held, commit) => this.#watch?.around(held, commit) ?? commit(),
    }
  }

  get holds(): Holding {
    return holdingChains(this.#parts.programs.flavour)
  }

  get closed(): boolean {
    return this.#closed
  }

  doubt(): string | undefined {
    return this.#unknown ?? this.#foreign
  }

  distrust(reason: string): void {
    this.#unknown = reason
  }

  async watch(): Promise<void> {
    this.#watch = await watchIptables(this.#parts.programs.flavour, ({ by }) => this.#hear(by))
  }

  /** Makes the first commit. */
  begin(): Promise<Synced> {
    return this.#inTurn(() => this.#sync())
  }

  /** Commits what changed in the renderer since the last call. */
  sync(): Promise<Synced> {
    return this.#inTurn(() => this.#sync())
  }

  verify(): Promise<Verified> {
    return this.#inTurn(async () => {
      const settled = await this.#sync()
      if (settled.kind === 'failed') return settled
      const outcome = await this.#compare()
      if (outcome.kind === 'failed') return outcome
      const { changes } = outcome
      const operations = iptablesOperationCount(changes)
      return {
        kind: 'verified',
        repaired: grouped(shownIptables(changes, this.#labelOf)),
        operations,
        changes: [...settled.changes, ...this.#added(operations)],
      }
    })
  }

  served(): ServedFrontends {
    return this.renderer.lowering.served()
  }

  refusals(): ReadonlyMap<Owner, Refusal> {
    return this.renderer.refusals()
  }

  retryRefused(): void {
    this.renderer.readmitRefused()
  }

  onForeign(listener: (change: ForeignChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  connections(): Promise<Connections> {
    return connectionsInNat(this.#parts.programs, this.served(), this.renderer)
  }

  /** Ends the session; the rules stay. */
  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#watch?.close()
    this.#watch = undefined
  }

  readonly #labelOf: ChainLabel = (family, chain) => this.renderer.lowering.labelOf(family, chain)

  async #sync(): Promise<Synced> {
    const { tables, fronts } = this.renderer.takeChanges()
    const settled = this.#unknown ?? this.#foreign ?? (await this.#follow(tables))
    if (typeof settled !== 'string') {
      return settled.kind === 'failed' ? settled : { ...settled, changes: frontendChanges(fronts) }
    }
    const outcome = await this.#compare()
    if (outcome.kind === 'failed') return outcome
    const { bytes, refusals } = outcome
    const operations = iptablesOperationCount(outcome.changes)
    const added = settled === START ? [] : this.#added(operations)
    const changes = [...frontendChanges(fronts), ...added]
    return { kind: 'committed', operations, bytes, refusals, changes, reread: settled }
  }

  /** Where rules were missing, flows of any frontend may have begun that lead nowhere. */
  #added(operations: number): readonly FrontendChange[] {
    return operations > 0 ? allAdded(this.served()) : []
  }

  /**
   * Commits changes to tables whose content is known. Returns the reason as text where it cannot.
   */
  async #follow(all: readonly TableChange[]): Promise<Committed | Failed | string> {
    const { families } = this.#parts.programs
    const changes = all.filter(({ family }) => families[family].kind === 'programs')
    const committed = { kind: 'committed' as const, refusals: [], changes: [] }
    if (changes.length === 0) return { ...committed, operations: 0, bytes: 0 }
    const held = heldBefore(changes)
    this.#unknown = 'a commit did not end'
    const { outcome, bytes } = await this.#parts.around(held, () =>
      commitIptables(this.#parts.programs, held, planChanges(changes)),
    )
    if (outcome.kind === 'unable') return failed(outcome.obstacle.reason)
    if (outcome.kind === 'rejected') return 'rules were refused'
    this.#unknown = undefined
    return { ...committed, operations: iptablesOperationCount(changes), bytes }
  }

  async #compare(): Promise<Compared | Failed> {
    this.#unknown = 'a comparison did not end'
    this.#foreign = undefined
    const outcome = await compareAndCommit(this.#parts)
    if (outcome.kind === 'failed') return outcome
    this.renderer.refuse(outcome.refusals)
    this.#unknown = undefined
    return outcome
  }

  #hear(by: string): void {
    this.#foreign = `${by} changed nodelb's chains`
    for (const listener of this.#listeners) listener({ touchesUs: 'yes', process: by })
  }
}

/** Returns what the tables held in the chains that change. */
function heldBefore(changes: readonly TableChange[]): IptablesRuleset {
  const held: { -readonly [family in TableFamily]?: Map<IptablesTable, IptablesChains> } = {}
  for (const { family, table, chains } of changes) {
    const there = [...chains].flatMap(([name, { before }]) =>
      before === undefined ? [] : [[name, before] as const],
    )
    const mine = { chains: new Map(there), jumps: new Map() }
    held[family] = new Map([...(held[family] ?? []), [table, mine]])
  }
  return held
}
