import { type ForeignCommit, later, type Monitor } from '../../apply/nftables/monitor.ts'
import type { KernelState } from '../../apply/nftables/read.ts'
import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import type { ServedFrontends } from '../../frontend/frontend-change.ts'
import type { Owner } from '../../frontend/label-text.ts'
import { explain } from '../../plan/nftables/explain.ts'
import { operationCount } from '../../plan/nftables/operation.ts'
import type { Ownership } from '../../plan/nftables/ownership.ts'
import { frontendChanges, servedByTables } from '../../plan/nftables/served.ts'
import type { ElementStep } from '../../ruleset/nftables/types.ts'
import { type Holding, holdingTables } from '../claims.ts'
import { type InTurn, inTurn } from '../in-turn.ts'
import type { Failed } from '../outcome.ts'
import type { Committed, Connections, Session, Synced, Verified } from '../session.ts'
import { type Compared, compareAndCommit, REASONS, type SessionParts, summary } from './compare.ts'
import { meteredConnections } from './connections.ts'
import { KnownTables } from './known-tables.ts'
import { exemptChanges } from './refused.ts'

/**
 * Knows what the kernel holds, so that a change costs only what it changes: no dump, no full
 * render.
 */
export class NftablesSession implements Session {
  /** Takes the objects; `sync` commits what it renders. */
  readonly renderer: ElementRenderer
  readonly #parts: SessionParts
  readonly #monitor: Monitor | undefined
  readonly #listeners: Set<(commit: ForeignCommit) => void> = new Set()
  readonly #tables: KnownTables
  /** Why the kernel may differ from what is rendered; the next commit reads it again. */
  #unknown: string | undefined = 'start'
  #touched: ForeignCommit | undefined
  #closed = false
  /** Tasks share the socket and what is known of the kernel. */
  readonly #inTurn: InTurn = inTurn()

  /** `startSession` makes a session and its first commit. */
  constructor(parts: SessionParts, monitor: Monitor | undefined) {
    this.#parts = parts
    this.#tables = new KnownTables(parts.socket, parts.renderer)
    this.#monitor = monitor
    this.renderer = parts.renderer
    monitor?.onForeign((commit) => this.#hear(commit))
  }

  get ownership(): Ownership {
    return this.#parts.ownership
  }

  get holds(): Holding {
    const { backend } = this.#parts.settings
    return holdingTables(backend.kind === 'ipvs' ? backend.interface : undefined)
  }

  get closed(): boolean {
    return this.#closed
  }

  doubt(): string | undefined {
    return this.#suspicion()
  }

  distrust(reason: string): void {
    this.#unknown = reason
  }

  /** Makes the first commit. */
  begin(state: KernelState): Promise<Synced> {
    return this.#inTurn(async () => {
      const outcome = await this.#compare(state)
      return outcome.kind === 'failed' ? outcome : summary(outcome, 'start')
    })
  }

  /** Commits what changed in the renderer since the last call. */
  sync(): Promise<Synced> {
    return this.#inTurn(() => this.#sync())
  }

  /** Compares all that the kernel holds with what is rendered, and repairs it. */
  verify(): Promise<Verified> {
    return this.#inTurn(async () => {
      const settled = await this.#sync()
      if (settled.kind === 'failed') return settled
      const outcome = await this.#compare()
      if (outcome.kind === 'failed') return outcome
      const { plan, ownerOf } = outcome
      const changes = [...settled.changes, ...outcome.changes()]
      const repaired = explain(plan, ownerOf)
      return { kind: 'verified', repaired, operations: operationCount(plan), changes }
    })
  }

  served(): ServedFrontends {
    return servedByTables(this.renderer.ruleset())
  }

  /**
   * Returns the Services that the kernel refused, which stay as it has them; the others go on
   * without them.
   */
  refusals(): ReadonlyMap<Owner, Refusal> {
    return this.renderer.refusals()
  }

  retryRefused(): void {
    this.renderer.readmitRefused()
  }

  /**
   * Calls the listener when others changed, or may have changed, nodelb's tables: time to `sync`.
   * Returns a function that stops it.
   */
  onForeign(listener: (commit: ForeignCommit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  connections(): Promise<Connections> {
    return meteredConnections(this.renderer)
  }

  /** Ends the session; the rules stay, and so does the socket. */
  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#monitor?.close()
  }

  async #sync(): Promise<Synced> {
    const changes = this.#parts.committer.follows(this.renderer.takeChanges())
    const settled = this.#suspicion() ?? (await this.#follow(changes))
    if (typeof settled !== 'string') return settled
    const outcome = await this.#compare()
    if (outcome.kind === 'failed') return outcome
    // What others had taken from the kernel is no step of the comparison, but flows may still lead there.
    const rendered = frontendChanges(changes, this.renderer.ruleset())
    const found = summary(outcome, settled)
    return { ...found, changes: [...rendered, ...found.changes] }
  }

  /** Returns why what is known of the kernel may be wrong; undefined where nothing suggests it. */
  #suspicion(): string | undefined {
    const unknown = this.#unknown ?? this.#parts.committer.doubt()
    if (unknown !== undefined) return unknown
    const touched = this.#touched
    if (touched !== undefined && later(touched.generation, this.#parts.committer.generation)) {
      return touched.touchesUs === 'yes'
        ? `${touched.process} changed nodelb's tables`
        : "another process may have changed nodelb's tables"
    }
    return this.#tables.areAllThere() ? undefined : 'a table comes or goes'
  }

  /**
   * Commits changes to tables whose content is known. Returns the reason as text where it cannot.
   */
  async #follow(changes: readonly ElementStep[]): Promise<Committed | string> {
    const refusals: Refusal[] = []
    let rest = changes
    for (;;) {
      const steps = this.#tables.plan(rest)
      this.#unknown = 'a commit did not end'
      const outcome = await this.#parts.committer.commit(steps, this.ownership === 'kernel')
      if (outcome.kind === 'committed') {
        await this.#learn()
        const { bytes } = outcome
        const changed = frontendChanges(rest, this.renderer.ruleset())
        return { kind: 'committed', operations: steps.length, bytes, refusals, changes: changed }
      }
      this.#unknown = REASONS[outcome.kind]
      if (outcome.kind !== 'rejected') return this.#unknown
      refusals.push(...exemptChanges(this.renderer, rest, outcome.failures))
      const others = rest.filter((change) => !this.renderer.isExempt(change))
      if (others.length === rest.length) return this.#unknown
      rest = others
    }
  }

  async #compare(state?: KernelState): Promise<Compared | Failed> {
    this.#unknown = 'a comparison did not end'
    const outcome = await compareAndCommit(this.#parts, state)
    if (outcome.kind === 'failed') return outcome
    this.#tables.forget()
    await this.#learn()
    return outcome
  }

  /** Reads the handles again where rules changed, because they are new there. */
  async #learn(): Promise<void> {
    const learned = await this.#tables.learn()
    const { committer } = this.#parts
    const sure = !learned || this.ownership === 'kernel' || (await committer.isCurrent())
    this.#unknown = sure ? undefined : 'another process changed the rule set'
  }

  #hear(commit: ForeignCommit): void {
    if (commit.touchesUs === 'yes') this.#tell(commit)
    else if (commit.touchesUs === 'maybe' && this.ownership === 'none') {
      const current = this.#inTurn(() => this.#parts.committer.isCurrent())
      // Where the kernel cannot be asked, the tables may have changed.
      current.then(
        (known) => known === true || this.#tell(commit),
        () => this.#tell(commit),
      )
    }
  }

  #tell(commit: ForeignCommit): void {
    this.#touched = commit
    for (const listener of this.#listeners) listener(commit)
  }
}
