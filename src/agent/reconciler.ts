import { type Failed, failed, isOfKernel, kernelReason } from '../dataplane/outcome.ts'
import type { Session } from '../dataplane/session.ts'
import type { NodeView, Settings } from '../model/node.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { Retry } from '../telemetry/retry.ts'
import type { ObjectChange } from '../watch/object-change.ts'
import type { SourceEvent } from '../watch/source.ts'
import { feed } from './feed.ts'
import { LeftoverRemoval } from './leftover-removal.ts'
import { Pace, type Turn } from './pace.ts'
import type { ReconcilerParts } from './reconciler-parts.ts'

/** Milliseconds between urgent turns. */
const URGENT = 50
const FAILED: RetryPolicy = { first: 1_000, most: 30_000, factor: 2, jitter: 0.5 }
/** The waits before Services that the kernel refused are tried again. */
const REFUSED: RetryPolicy = { first: 10_000, most: 600_000, factor: 2, jitter: 0.5 }
/** The waits before settings that could not be started are tried again. */
const RESTART: RetryPolicy = { first: 5_000, most: 300_000, factor: 2, jitter: 0.5 }

/**
 * Keeps the kernel in line with the objects; the work for a change grows only with the change.
 * Starting a backend, following changes, comparing and removing what other backends left are steps
 * of its turns, and only one turn runs at a time.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #pace: Pace
  readonly #leftovers: LeftoverRemoval
  readonly #refused: Retry
  readonly #restart: Retry
  #session: Session | undefined
  /** Whether the node or the configuration changed, so that everything is rendered again. */
  #outdated = false
  #verify = false
  /** Whether part of the input cannot be read, so that objects missing in it may still exist. */
  #incomplete = false
  /** Whether `#incomplete` was true at the session's start: entries without an object were kept. */
  #keeps = false
  /** The changes that arrived while a session was being started. */
  #missed: ObjectChange[] | undefined

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    const limits = { period: parts.syncPeriod, urgent: URGENT, retry: FAILED }
    this.#pace = new Pace(limits, () => this.#turn())
    this.#leftovers = new LeftoverRemoval(parts.removeOthers, () => this.#pace.poke())
    this.#restart = new Retry(new Waits(RESTART), () => this.#renew())
    this.#refused = new Retry(new Waits(REFUSED), () => {
      this.#session?.retryRefused()
      this.#pace.poke()
    })
  }

  /**
   * Takes an event of the source. Requests a turn if it changes anything, or completes a list for
   * which a session waits.
   */
  accept(event: SourceEvent): void {
    const changes = this.#parts.store.apply(event)
    for (const change of changes) this.#note(change)
    const waits = this.#session === undefined || this.#outdated
    const mayBegin = event.kind === 'listed' && waits
    if (changes.length > 0 || mayBegin) this.#pace.poke()
  }

  /**
   * Notes whether part of the input cannot be read: until all of it can be, entries of the kernel
   * without an object are kept.
   */
  setIncomplete(incomplete: boolean): void {
    this.#incomplete = incomplete
    if (this.#keeps && !incomplete) this.reconfigure()
  }

  /** Starts a new session, because settings may have changed. */
  reconfigure(): void {
    this.#restart.reset()
    this.#renew()
  }

  /** Requests a comparison of everything that the kernel holds with the rule set. */
  verify(): void {
    this.#verify = true
    this.#leftovers.compare()
    this.#pace.poke()
  }

  /** Ends all turns and keeps the rules. Resolves when a commit under way has ended. */
  async stop(): Promise<void> {
    this.#refused.stop()
    this.#restart.stop()
    this.#leftovers.stop()
    await this.#pace.stop()
    this.#end()
  }

  #renew(): void {
    this.#outdated = true
    this.#leftovers.overtake()
    this.#pace.now()
  }

  #note(change: ObjectChange): void {
    this.#parts.told.changed(change)
    if (change.kind === 'node') {
      this.#outdated = true
      this.#leftovers.overtake()
    }
    this.#missed?.push(change)
    if (this.#session) feed(this.#session.renderer, change, this.#parts.store)
  }

  /** Runs one turn. After a failure the next one begins by reading the kernel again. */
  async #turn(): Promise<Turn> {
    const began = performance.now()
    const failure = await this.#caught(async () => {
      return (await this.#attempt(began)) ?? this.#removeOthers()
    })
    if (failure === undefined) return 'done'
    this.#end()
    this.#parts.told.failed(failure, since(began))
    return 'retry'
  }

  /** Turns an error into a failure, so that it is tried again and does not end the process. */
  async #caught(task: () => Promise<Failed | undefined>): Promise<Failed | undefined> {
    try {
      return await task()
    } catch (error) {
      if (!isOfKernel(error)) this.#parts.told.bug(error)
      return failed(kernelReason(error))
    }
  }

  async #attempt(began: number): Promise<Failed | undefined> {
    const { store, told } = this.#parts
    if (!store.complete()) return undefined
    const session = this.#session
    if (session === undefined || this.#outdated) return this.#begin(began)
    told.attempting()
    const failure = await this.#sync(session, began)
    if (failure !== undefined || session.outdated !== true) return failure
    return this.#begin(performance.now())
  }

  async #sync(session: Session, began: number): Promise<Failed | undefined> {
    const outcome = await session.sync()
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

  /** Starts a session with the wanted settings or, if that fails, with the former ones. */
  async #begin(began: number): Promise<Failed | undefined> {
    const { store, settingsFor, formerSettingsFor, told } = this.#parts
    const node = store.nodes.view()
    if (node === undefined) {
      told.nodeMissing()
      return undefined
    }
    told.attempting()
    this.#outdated = false
    const failure = await this.#caught(() => this.#start(node, settingsFor(node), began))
    if (failure === undefined) this.#restart.reset()
    const former = failure && formerSettingsFor(node)
    if (failure === undefined || former === undefined) return failure
    told.notStarted(failure)
    this.#restart.later()
    told.attempting()
    return this.#start(node, former, performance.now())
  }

  async #start(node: NodeView, settings: Settings, began: number): Promise<Failed | undefined> {
    const { store, start, told } = this.#parts
    this.#keeps = this.#incomplete
    this.#end()
    const missed: ObjectChange[] = []
    this.#missed = missed
    const goal = { cluster: store.cluster(), node, settings }
    const started = await start({
      ...goal,
      unreadable: store.unread(),
      incomplete: this.#keeps,
    }).finally(() => {
      this.#missed = undefined
    })
    if (started.kind === 'failed') return started.outcome
    const { session, first } = started
    this.#session = session
    for (const change of missed) feed(session.renderer, change, store)
    session.onForeign((change) => {
      told.foreign(change)
      this.#leftovers.overtake()
      this.#pace.now()
    })
    told.started(first, session, settings, since(began))
    // Other processes may have changed the tables before the session listened.
    if (session.doubt() !== undefined) this.#pace.now()
    this.#retryRefused(session)
    this.#leftovers.look()
    return undefined
  }

  /** Removes what other backends left; a comparison follows, as after changes by others. */
  async #removeOthers(): Promise<undefined> {
    if (this.#session === undefined || this.#outdated) return
    const outcome = await this.#leftovers.remove()
    if (outcome === undefined) return
    this.#parts.told.removed(outcome)
    if (outcome.removed.length === 0) return
    this.#session?.distrust('nodelb removed what another backend had programmed')
    this.#pace.now()
  }

  #end(): void {
    this.#session?.close()
    this.#session = undefined
  }

  #retryRefused(session: Session): void {
    if (session.refusals().size === 0) this.#refused.reset()
    else this.#refused.later()
  }
}

function since(began: number): number {
  return Math.round(performance.now() - began)
}
