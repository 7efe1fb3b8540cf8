import { setTimeout as pause } from 'node:timers/promises'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { ObjectProblems } from '../../announce/object-problems.ts'
import type { AnnouncedServices } from '../../announce/service-status.ts'
import { type Brought, Frr } from '../../apply/bgp/frr.ts'
import type { WatchedSession } from '../../apply/bgp/sessions.ts'
import { engineRetry, Waits } from '../../model/retry.ts'
import { Wakeup } from '../../watch/wakeup.ts'
import { Acquaintances } from './acquaintances.ts'
import { Announced } from './announced.ts'
import type { BgpOutlook, Decisions } from './decisions.ts'
import { AGAIN_MS, type Due, NEVER, setComparison } from './due.ts'
import { EngineNews } from './engine-news.ts'
import { identifierProblems } from './identifiers.ts'
import type { TellBgp } from './news.ts'
import { bgpProblems } from './problems.ts'
import { refusalProblems } from './refusals.ts'
import { SessionNews } from './session-news.ts'
import { type BgpView, bgpViewOf } from './view.ts'

interface BgpSpeakerOptions {
  readonly decisions: Decisions
  /** The folder with the sockets of FRR. */
  readonly folder: string
  readonly ownership: 'whole' | 'shared'
  readonly tell: TellBgp
  /** Gets all Services that FRR announces, each with the names of its peers, whenever that changes. */
  readonly announced: (services: AnnouncedServices) => void
  /** Whether the rules of the Services are programmed, so that what is announced is also served. */
  readonly isProgrammed: () => boolean
  /** Whether a part of the input cannot be read: until it can, nothing is taken away. */
  readonly isIncomplete: () => boolean
}

/** Milliseconds from one change to the next, so that a burst is one. */
const GATHER_MS = 20
/** Deciding takes one part of the time in so many, and all that FRR is asked for at most half of it. */
const SHARE = 5
/** Milliseconds from one look at the sessions to the next. */
const LOOK_MS = 1_000
/** The same while BFD waits for a session. */
const SOON_MS = 100
type Conclusion =
  /** The conversation is of no use any more. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** It ends for another reason. */
  | { readonly kind: 'over' }

/**
 * Has FRR announce what is decided. This is the only place with a clock: one thing is asked of FRR
 * after another. However a conversation ends, the next one begins with what FRR then is.
 */
export class BgpSpeaker {
  readonly #options: BgpSpeakerOptions
  readonly #wakeup = new Wakeup()
  readonly #waits = new Waits(engineRetry)
  readonly #problems: ObjectProblems
  readonly #engine: EngineNews
  readonly #announced: Announced
  readonly #sessionNews: SessionNews
  readonly #acquaintances = new Acquaintances()
  readonly #due: Due = { decide: 0, bring: 0, compare: 0, look: 0, renew: NEVER }
  /** Before this nothing is decided again. */
  #notBefore = 0
  #outlook: BgpOutlook | undefined
  #sessions: readonly WatchedSession[] = []
  /** What is told of all this; each metric asks for it. Undefined since something changed. */
  #view: BgpView | undefined
  /** What a person should settle, besides what the sessions show. */
  #unsettled: readonly AnnounceProblem[] = []
  #hasEnded = false

  constructor(options: BgpSpeakerOptions) {
    this.#options = options
    this.#problems = bgpProblems(options.tell)
    this.#engine = new EngineNews(options.tell)
    this.#announced = new Announced({ tell: options.tell, changed: options.announced })
    this.#sessionNews = new SessionNews(options.tell)
  }

  /** Has the speaker decide anew, such as after objects have changed. */
  wake(): void {
    this.#due.decide = 0
    this.#wakeup.now()
  }

  /** Returns what this node does at the moment; undefined before it has begun. */
  view(): BgpView | undefined {
    if (this.#outlook === undefined) return undefined
    this.#view ??= bgpViewOf({
      failure: this.#engine.failure,
      decision: this.#outlook.decision,
      sessions: this.#sessions,
      announced: this.#announced.all,
      problems: this.#problems.list(),
    })
    return this.#view
  }

  /** Announces until `signal` aborts, or until everything was withdrawn. FRR then goes on. */
  async run(signal: AbortSignal): Promise<void> {
    this.#wakeup.now()
    while (!signal.aborted && !this.#hasEnded) {
      await this.#wakeup.wait(signal)
      if (signal.aborted || !this.#isReady()) continue
      const conclusion = await this.#converse(signal)
      if (conclusion.kind === 'broken') {
        this.#lost(conclusion.reason)
        await pause(this.#waits.next(), undefined, { signal }).catch(() => undefined)
      }
      this.#wakeup.now()
    }
  }

  #isReady(): boolean {
    if (this.#options.isProgrammed()) this.#outlook ??= this.#options.decisions.next()
    return this.#outlook !== undefined
  }

  async #converse(signal: AbortSignal): Promise<Conclusion> {
    const { folder, ownership } = this.#options
    let failure: string | undefined
    const broke = (reason: string): void => {
      failure = reason
      this.#wakeup.now()
    }
    const opened = await Frr.open({ folder, ownership, broke })
    if (opened.kind === 'broken') return opened
    this.#acquaintances.forget()
    Object.assign(this.#due, { bring: 0, compare: 0, look: 0, renew: NEVER })
    try {
      while (!signal.aborted && !this.#hasEnded && performance.now() < this.#due.renew) {
        if (failure !== undefined) return { kind: 'broken', reason: failure }
        const reason = await this.#turn(opened.frr)
        if (reason !== undefined) return { kind: 'broken', reason }
        if (!this.#hasEnded) await this.#wakeup.wait(signal)
      }
      return { kind: 'over' }
    } finally {
      opened.frr.close()
    }
  }

  /** Does what is due; returns why FRR cannot be asked. */
  async #turn(frr: Frr): Promise<string | undefined> {
    const due = this.#due
    const now = performance.now()
    if (now >= due.decide && now >= this.#notBefore) this.#decide(now)
    if (now >= due.bring) {
      const failure = await this.#bring(frr)
      if (failure !== undefined) return failure
    }
    if (performance.now() >= due.look) {
      const failure = await this.#look(frr)
      if (failure !== undefined) return failure
    }
    const next = Math.min(due.look, due.bring, due.renew, Math.max(due.decide, this.#notBefore))
    this.#wakeup.after(Math.max(0, next - performance.now()))
    return undefined
  }

  #decide(began: number): void {
    this.#outlook = this.#options.decisions.next() ?? this.#outlook
    this.#view = undefined
    const ended = performance.now()
    this.#notBefore = ended + Math.max(GATHER_MS, SHARE * (ended - began))
    this.#due.decide = ended + (this.#outlook?.again ?? NEVER)
    this.#due.bring = 0
  }

  async #bring(frr: Frr): Promise<string | undefined> {
    const outlook = this.#outlook
    if (outlook === undefined) return undefined
    const began = performance.now()
    const keeps = !outlook.isDrained && this.#options.isIncomplete()
    const failure = await this.#meet(frr, outlook)
    if (failure !== undefined) return failure
    const tree = this.#acquaintances.without(outlook.tree, began)
    const trusts = began < this.#due.compare && outlook.left === undefined
    const brought = await frr.bring(tree, { keeps, trusts })
    if (brought.kind === 'broken') return brought.reason
    const ended = performance.now()
    this.#notBefore = Math.max(this.#notBefore, ended + (ended - began))
    this.#waits.reset()
    this.#engine.brought(brought, { ...outlook, tree }, Math.round(ended - began))
    this.#announced.found({ ...brought, keeps }, outlook.decision)
    this.#settle(brought, outlook)
    setComparison(this.#due, { ...brought, isRead: !trusts || brought.plan.length > 0 }, ended)
    // What FRR takes and shows otherwise is left: to send it again could reset a session each time.
    if (brought.refused.some(({ said }) => said !== '')) this.#due.renew = ended + AGAIN_MS
    if (outlook.left === undefined) return undefined
    this.#hasEnded = true
    this.#options.tell({ event: 'bgp-withdrawn', reason: outlook.left })
    return undefined
  }

  #settle(
    brought: Extract<Brought, { kind: 'brought' }>,
    { decision, problems }: BgpOutlook,
  ): void {
    const refusals = refusalProblems(brought.refused, decision.peers)
    const foreign = brought.problems.map((message) => ({ object: 'FRR', message }))
    this.#unsettled = [...problems, ...foreign, ...refusals]
    this.#tellProblems()
  }

  async #look(frr: Frr): Promise<string | undefined> {
    const told = await frr.sessions()
    if (told.kind === 'broken') return told.reason
    this.#seen(told.sessions)
    if (this.#acquaintances.see(told.sessions, performance.now())) this.#due.bring = 0
    const isAwaited = this.#acquaintances.areMissing(this.#outlook?.tree ?? new Map())
    this.#due.look = performance.now() + (isAwaited ? SOON_MS : LOOK_MS)
    return undefined
  }

  /** Finds out who has a session already, where that matters; returns why FRR cannot be asked. */
  async #meet(frr: Frr, { tree }: BgpOutlook): Promise<string | undefined> {
    if (!this.#acquaintances.areMissing(tree)) return undefined
    const told = await frr.sessions()
    if (told.kind === 'broken') return told.reason
    this.#acquaintances.see(told.sessions, performance.now())
    return undefined
  }

  #lost(reason: string): void {
    this.#engine.lost(reason)
    this.#announced.away()
    this.#seen([])
  }

  #seen(sessions: readonly WatchedSession[]): void {
    this.#sessions = sessions
    this.#sessionNews.found(this.#outlook?.decision.peers ?? [], sessions)
    this.#tellProblems()
  }

  #tellProblems(): void {
    this.#view = undefined
    const peers = this.#outlook?.decision.peers ?? []
    this.#problems.found([...this.#unsettled, ...identifierProblems(peers, this.#sessions)])
  }
}
