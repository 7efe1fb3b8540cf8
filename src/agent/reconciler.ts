import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import type { NodeView, Settings } from '../model/node.ts'
import { unreachable } from '../model/unreachable.ts'
import type { ServiceName } from '../render/claims.ts'
import type { SourceEvent } from '../watch/source.ts'
import type { Goal } from './dataplane.ts'
import type { ObjectChange, ObjectStore } from './object-store.ts'
import { type Failed, failed } from './outcome.ts'
import { Pace, type Turn } from './pace.ts'
import type { Committed, Drift, ForeignChange, Session, Started } from './session.ts'

/** What the reconciler needs of the rest, and whom it tells. */
export interface ReconcilerParts {
  readonly store: ObjectStore
  /** Reads the kernel and brings it to the goal. Rejects with NetlinkError. */
  readonly start: (goal: Goal) => Promise<Started>
  readonly settingsFor: (node: NodeView) => Settings
  /** Milliseconds between the starts of two commits. */
  readonly minSyncPeriod: () => number
  readonly told: ReconcilerListener
}

export interface ReconcilerListener {
  /** Every change of the objects, as it comes. */
  readonly changed: (change: ObjectChange) => void
  /** All is listed, but for the Node: nothing can be done. */
  readonly nodeMissing: () => void
  /** What changed so far is about to be committed; one of the next four follows. */
  readonly attempting: () => void
  readonly started: (first: Committed, session: Session, ms: number) => void
  readonly committed: (outcome: Committed, session: Session, ms: number) => void
  readonly verified: (outcome: Drift, session: Session, ms: number) => void
  readonly failed: (outcome: Failed, ms: number) => void
  readonly foreign: (change: ForeignChange) => void
}

const LIMITS = { urgent: 50, firstRetry: 1_000, lastRetry: 30_000 } as const
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
  /** Part of the input cannot be read: what is missing may be there all the same. */
  #incomplete = false
  /** It was so when the session began, so that what nobody speaks of was kept. */
  #keeps = false
  /** What arrived while a session was being started. */
  #missed: ObjectChange[] | undefined
  #refusedTimer: NodeJS.Timeout | undefined
  #refusedWait: number = REFUSED.first

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    this.#pace = new Pace({ interval: parts.minSyncPeriod, ...LIMITS }, () => this.#turn())
  }

  take(event: SourceEvent): void {
    const changes = this.#parts.store.take(event)
    for (const change of changes) this.#note(change)
    const waits = this.#session === undefined || this.#outdated
    const mayBegin = event.kind === 'listed' && waits
    if (changes.length > 0 || mayBegin) this.#pace.poke()
  }

  /** What the kernel holds and no object speaks of stays until the input can be read whole. */
  setIncomplete(incomplete: boolean): void {
    this.#incomplete = incomplete
    if (this.#keeps && !incomplete) this.reconfigure()
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

  /** The rules stay. Resolves when a commit under way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#refusedTimer)
    await this.#pace.stop()
    this.#end()
  }

  #note(change: ObjectChange): void {
    this.#parts.told.changed(change)
    if (change.kind === 'node') this.#outdated = true
    this.#missed?.push(change)
    if (this.#session) this.#apply(this.#session, change)
  }

  #apply({ renderer }: Session, change: ObjectChange): void {
    switch (change.kind) {
      case 'service':
        renderer.setService(change.service)
        return
      case 'service-gone':
        renderer.removeService(change.name)
        return
      case 'slice':
        renderer.setSlice(change.slice)
        this.#release(renderer, `${change.slice.namespace}/${change.slice.service}`)
        return
      case 'slice-gone':
        renderer.removeSlice(change.namespace, change.name)
        this.#release(renderer, change.service)
        return
      case 'node':
        return
      default:
        unreachable(change)
    }
  }

  /** Of a Service that can be rendered, nothing of before has to be kept. */
  #release(renderer: Session['renderer'], service: ServiceName): void {
    if (this.#parts.store.isRead(service)) renderer.release(service)
  }

  /** After a failure nothing is taken for known: the next turn begins with reading the kernel. */
  async #turn(): Promise<Turn> {
    const began = performance.now()
    const failure = await this.#attempt(began).catch(asFailure)
    if (failure === undefined) return 'done'
    this.#end()
    this.#parts.told.failed(failure, since(began))
    return 'retry'
  }

  async #attempt(began: number): Promise<Failed | undefined> {
    const { store, told } = this.#parts
    if (!store.complete()) return undefined
    const node = store.node()
    if (node === undefined) {
      told.nodeMissing()
      return undefined
    }
    told.attempting()
    const session = this.#session
    if (session === undefined || this.#outdated) return this.#start(node, began)
    const failure = await this.#settle(session, began)
    if (failure !== undefined || session.outdated !== true) return failure
    return this.#start(node, performance.now())
  }

  async #settle(session: Session, began: number): Promise<Failed | undefined> {
    const outcome = await session.settle()
    if (outcome.kind === 'failed') return outcome
    this.#parts.told.committed(outcome, session, since(began))
    this.#retryRefused(session)
    return this.#verify ? this.#compare(session) : undefined
  }

  async #compare(session: Session): Promise<Failed | undefined> {
    const { told } = this.#parts
    const began = performance.now()
    told.attempting()
    const outcome = await session.verify()
    if (outcome.kind === 'failed') return outcome
    this.#verify = false
    told.verified(outcome, session, since(began))
    return undefined
  }

  async #start(node: NodeView, began: number): Promise<Failed | undefined> {
    const { store, settingsFor, start, told } = this.#parts
    this.#outdated = false
    this.#keeps = this.#incomplete
    this.#end()
    const missed: ObjectChange[] = []
    this.#missed = missed
    const goal = { cluster: store.cluster(), node, settings: settingsFor(node) }
    const started = await start({ ...goal, keep: store.unread(), incomplete: this.#keeps })
    this.#missed = undefined
    if (started.kind === 'failed') return started.outcome
    const { session, first } = started
    this.#session = session
    for (const change of missed) this.#apply(session, change)
    session.onForeign((commit) => {
      told.foreign(commit)
      this.#pace.now()
    })
    told.started(first, session, since(began))
    this.#retryRefused(session)
    return undefined
  }

  #end(): void {
    this.#session?.close()
    this.#session = undefined
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

/** A kernel that cannot be spoken to. */
function asFailure(error: unknown): Failed {
  if (!(error instanceof NetlinkError)) throw error
  const { code, message } = error
  return failed(code === 'EPERM' ? 'the capability CAP_NET_ADMIN is missing' : message)
}

function since(began: number): number {
  return Math.round(performance.now() - began)
}
