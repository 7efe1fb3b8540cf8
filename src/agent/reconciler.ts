import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import type { ForeignCommit } from '../apply/nftables/monitor.ts'
import type { NodeView, Settings } from '../model/node.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Renderer } from '../render/renderer.ts'
import type { SourceEvent } from '../watch/source.ts'
import type { ObjectChange, ObjectStore } from './object-store.ts'
import { Pace, type Turn } from './pace.ts'
import type { Failed, Goal } from './program.ts'
import type { Session, Started, Verified } from './session.ts'
import type { Committed } from './session-compare.ts'

/** What the reconciler needs of the rest, and whom it tells. */
export interface ReconcilerParts {
  readonly store: ObjectStore
  /** Reads the kernel and brings it to the goal. */
  readonly start: (goal: Goal) => Promise<Started>
  /** Undefined: the configuration does not suit this node, which has been said. */
  readonly settingsFor: (node: NodeView) => Settings | undefined
  /** Milliseconds between the starts of two commits. */
  readonly minSyncPeriod: () => number
  readonly told: ReconcilerListener
  /** The kernel cannot be spoken to any more; the next start begins with a new socket. */
  readonly broken: () => void
}

export interface ReconcilerListener {
  /** Every change of the objects, as it comes. */
  readonly changed: (change: ObjectChange) => void
  readonly started: (first: Committed, session: Session, ms: number) => void
  readonly committed: (outcome: Committed, session: Session, ms: number) => void
  readonly verified: (outcome: Repaired, session: Session, ms: number) => void
  readonly failed: (outcome: Failed, ms: number) => void
  readonly foreign: (commit: ForeignCommit) => void
}

export type Repaired = Exclude<Verified, Failed>

const FAILURES = { firstRetry: 1_000, lastRetry: 30_000 } as const
/** Milliseconds until Services that the kernel refused are tried again; doubled each time. */
const REFUSED = { first: 10_000, last: 600_000 } as const

/** Keeps the kernel at what the objects say; work per change follows the change. */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #pace: Pace
  #session: Session | undefined
  /** The node or the configuration changed: all is rendered anew. */
  #outdated = false
  #verify = false
  /** What arrived while a session was being started. */
  #missed: ObjectChange[] | undefined
  #refusedTimer: NodeJS.Timeout | undefined
  #refusedWait: number = REFUSED.first

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    const interval = parts.minSyncPeriod
    this.#pace = new Pace({ interval, ...FAILURES }, () => this.#turn())
  }

  get session(): Session | undefined {
    return this.#session
  }

  take(event: SourceEvent): void {
    const changes = this.#parts.store.take(event)
    for (const change of changes) this.#note(change)
    const mayBegin = event.kind === 'listed' && this.#session === undefined
    if (changes.length > 0 || mayBegin) this.#pace.poke()
  }

  /** Settings may have changed. */
  reconfigure(): void {
    this.#outdated = true
    this.#pace.now()
  }

  /** Compares all that the kernel holds with what it shall hold. */
  verify(): void {
    this.#verify = true
    this.#pace.poke()
  }

  /** The rules stay; a commit under way is finished first. */
  async stop(): Promise<void> {
    clearTimeout(this.#refusedTimer)
    await this.#pace.stop()
    this.#session?.close()
  }

  #note(change: ObjectChange): void {
    this.#parts.told.changed(change)
    if (change.kind === 'node') this.#outdated = true
    this.#missed?.push(change)
    if (this.#session) applyChange(this.#session.renderer, change)
  }

  async #turn(): Promise<Turn> {
    const began = performance.now()
    try {
      return await this.#attempt()
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error
      this.#session?.close()
      this.#session = undefined
      this.#parts.broken()
      const failed = { kind: 'failed', reason: saying(error), failures: [] } as const
      this.#parts.told.failed(failed, Math.round(performance.now() - began))
      return 'retry'
    }
  }

  async #attempt(): Promise<Turn> {
    const { store, settingsFor } = this.#parts
    const node = store.node()
    if (!store.complete() || node === undefined) return 'done'
    if (this.#session !== undefined && !this.#outdated) return this.#settle(this.#session)
    const settings = settingsFor(node)
    return settings === undefined ? 'done' : this.#start(node, settings)
  }

  async #settle(session: Session): Promise<Turn> {
    const { told } = this.#parts
    const began = performance.now()
    const outcome = await session.settle()
    const ms = Math.round(performance.now() - began)
    if (outcome.kind === 'failed') {
      told.failed(outcome, ms)
      return 'retry'
    }
    told.committed(outcome, session, ms)
    this.#retryRefused(session)
    return this.#verify ? this.#compare(session) : 'done'
  }

  async #compare(session: Session): Promise<Turn> {
    const { told } = this.#parts
    const began = performance.now()
    const outcome = await session.verify()
    const ms = Math.round(performance.now() - began)
    if (outcome.kind === 'failed') {
      told.failed(outcome, ms)
      return 'retry'
    }
    this.#verify = false
    told.verified(outcome, session, ms)
    return 'done'
  }

  async #start(node: NodeView, settings: Settings): Promise<Turn> {
    const { store, start, told } = this.#parts
    const began = performance.now()
    this.#outdated = false
    this.#session?.close()
    this.#session = undefined
    this.#missed = []
    const started = await start({ cluster: store.cluster(), node, settings, keep: store.unread() })
    const missed = this.#missed
    this.#missed = undefined
    const ms = Math.round(performance.now() - began)
    if (started.kind === 'failed') {
      told.failed(started.outcome, ms)
      return 'retry'
    }
    const { session, first } = started
    this.#session = session
    for (const change of missed) applyChange(session.renderer, change)
    session.onForeign((commit) => {
      told.foreign(commit)
      this.#pace.now()
    })
    told.started(first, session, ms)
    this.#retryRefused(session)
    if (missed.length > 0) this.#pace.poke()
    return 'done'
  }

  #retryRefused(session: Session): void {
    if (session.refusals().size === 0) {
      clearTimeout(this.#refusedTimer)
      this.#refusedTimer = undefined
      this.#refusedWait = REFUSED.first
      return
    }
    this.#refusedTimer ??= setTimeout(() => {
      this.#refusedTimer = undefined
      this.#refusedWait = Math.min(REFUSED.last, this.#refusedWait * 2)
      this.#session?.retryRefused()
      this.#pace.poke()
    }, this.#refusedWait)
  }
}

function saying({ code, message }: NetlinkError): string {
  return code === 'EPERM' ? 'the capability CAP_NET_ADMIN is missing' : message
}

function applyChange(renderer: Omit<Renderer, 'settle'>, change: ObjectChange): void {
  switch (change.kind) {
    case 'service':
      renderer.setService(change.service)
      return
    case 'service-gone':
      renderer.removeService(change.name)
      return
    case 'slice':
      renderer.setSlice(change.slice)
      return
    case 'slice-gone':
      renderer.removeSlice(change.namespace, change.name)
      return
    case 'node':
      return
    default:
      unreachable(change)
  }
}
