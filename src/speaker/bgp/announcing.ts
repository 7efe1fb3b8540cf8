import { setTimeout as pause } from 'node:timers/promises'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { AnnouncedServices } from '../../announce/service-status.ts'
import { isGap } from '../../decode/problem.ts'
import { unreachable } from '../../model/unreachable.ts'
import { BgpObjectStore } from '../../watch/bgp-objects.ts'
import type { NamedSecrets } from '../../watch/named-secrets.ts'
import type { Resource } from '../../watch/resources.ts'
import type { Sink, Source, SourceEvent } from '../../watch/source.ts'
import { Wakeup } from '../../watch/wakeup.ts'
import type { ConfigurationApi } from './configuration-api.ts'
import { type BgpAnnouncingSettings, Decisions } from './decisions.ts'
import { FrrK8sSpeaker } from './frr-k8s-speaker.ts'
import type { TellBgp } from './news.ts'
import { BgpSpeaker } from './speaker.ts'
import type { BgpView } from './view.ts'

interface BgpAnnouncingOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: BgpAnnouncingSettings
  /** The kinds of objects that are followed where BGP is enabled, with the Secrets. */
  readonly followed: readonly Resource[]
  readonly tell: TellBgp
  /** Gets everything that is wrong with objects, each time that they were looked at. */
  readonly judged: (problems: readonly AnnounceProblem[]) => void
  /** Keeps the ServiceBGPStatuses; undefined where there is no API server. */
  readonly statuses: ((tell: (reason: string | undefined) => void) => Statuses) | undefined
  /** Writes what frr-k8s reads, and says where. */
  readonly configurations: {
    readonly api: Pick<ConfigurationApi, 'apply' | 'remove'>
    readonly namespace: string
  }
  /** Reads the Secrets that peers name; undefined where the source has all. */
  readonly secrets:
    | ((sink: Sink, trouble: (reason: string | undefined) => void) => NamedSecrets)
    | undefined
}

/** Says in the API server which Services this node announces. */
interface Statuses {
  want(services: AnnouncedServices): void
  run(signal: AbortSignal): Promise<void>
}

/** At the end FRR has so many milliseconds, besides the grace, to do what it is told. */
const LEAVE_MS = 2_000

/**
 * Announcing by BGP in the agent: reads the objects on which it depends, and has FRR announce whenever
 * the configuration says so.
 */
export class BgpAnnouncing {
  readonly #options: BgpAnnouncingOptions
  readonly #changed = new Wakeup()
  readonly #secrets: NamedSecrets | undefined
  readonly #statuses: Statuses | undefined
  readonly #decisions: Decisions
  #settings: BgpAnnouncingSettings
  #store: BgpObjectStore
  #speaker: BgpSpeaker | FrrK8sSpeaker | undefined
  #ended: Promise<void> = Promise.resolve()
  #round = new AbortController()
  #isProgrammed = false
  #isIncomplete = false
  /** Whether the agent is about to end, and takes the routes with it. */
  #hasLeft = false

  constructor(options: BgpAnnouncingOptions) {
    const { node, tell, judged, settings, secrets, statuses } = options
    this.#options = options
    this.#settings = settings
    this.#store = this.#newStore()
    this.#decisions = new Decisions({
      ...{ node, tell, judged, settings: () => this.#settings, store: () => this.#store },
    })
    this.#secrets = secrets?.(
      (event) => this.#take(event),
      (reason) => {
        if (reason === undefined) tell({ event: 'bgp-secrets-read' })
        else tell({ event: 'bgp-secrets-unread', reason })
      },
    )
    this.#statuses = statuses?.((reason) => {
      if (reason === undefined) tell({ event: 'bgp-statuses-written' })
      else tell({ event: 'bgp-statuses-not-written', reason })
    })
  }

  /** Returns a source that lets this see everything, and passes everything on. */
  through(source: Source): Source {
    return (listener, signal) =>
      source(
        {
          ...listener,
          event: (event) => {
            this.#take(event)
            listener.event(event)
          },
          problems: (problems) => {
            this.#isIncomplete = problems.some(isGap)
            this.#speaker?.wake()
            listener.problems(problems)
          },
        },
        signal,
      )
  }

  /** Notes that the rules of all Services are programmed. */
  programmed(): void {
    this.#isProgrammed = true
    this.#speaker?.wake()
  }

  /**
   * Puts other settings in force. Where BGP is turned off, all that is nodelb's leaves FRR, after the
   * grace; for another FRR a new speaker begins, and the former one keeps what it has.
   */
  configure(settings: BgpAnnouncingSettings): void {
    const before = this.#settings
    if (JSON.stringify(settings) === JSON.stringify(before)) return
    this.#settings = settings
    if (settings.enabled && !before.enabled) {
      // Nothing was followed while announcing was off: everything is listed anew.
      this.#store = this.#newStore()
      this.#secrets?.forget()
      this.#decisions.stay()
    }
    if (!settings.enabled) this.#decisions.leave('announce.bgp.enabled is false', 'remove')
    else if (engineOf(settings) !== engineOf(before)) {
      this.#wantSecrets()
      this.#round.abort()
    }
    this.#speaker?.wake()
    this.#changed.now()
  }

  /** Returns what this node announces; undefined where it does not, or has not begun. */
  view(): BgpView | undefined {
    return this.#speaker?.view()
  }

  /** Announces as the configuration says until `signal` aborts; the routes then stay. */
  async run(signal: AbortSignal): Promise<void> {
    // Statuses go on where announcing ends, so that none is left.
    const end = new AbortController()
    await Promise.all([
      this.#rounds(signal).finally(() => end.abort()),
      this.#statuses?.run(AbortSignal.any([signal, end.signal])),
    ])
  }

  async #rounds(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#round = new AbortController()
      const until = AbortSignal.any([signal, this.#round.signal])
      if (this.#settings.enabled && !this.#hasLeft) {
        this.#ended = this.#announce(until)
        await this.#ended
      } else await this.#changed.wait(until)
    }
  }

  /**
   * Ends announcing before the agent ends. If the settings say so, all routes are taken back first, after
   * the grace; with `removes` all that is nodelb's. Else FRR is only not left halfway to what is wanted.
   */
  async leave(reason: string, removes: boolean): Promise<void> {
    const { onExit, drain } = this.#settings
    this.#hasLeft = true
    if (this.#speaker === undefined) return
    const isToWithdraw = (removes || onExit === 'withdraw') && this.#speaker.view() !== undefined
    if (isToWithdraw) this.#decisions.leave(reason, removes ? 'remove' : 'withdraw')
    else this.#round.abort()
    this.#speaker.wake()
    const late = new AbortController()
    const limit = (isToWithdraw ? drain.grace : 0) + LEAVE_MS
    await Promise.race([
      this.#ended.catch(() => undefined),
      pause(limit, undefined, { signal: late.signal }).catch(() => undefined),
    ])
    late.abort()
  }

  async #announce(signal: AbortSignal): Promise<void> {
    const speaker = this.#newSpeaker()
    this.#speaker = speaker
    const end = new AbortController()
    const until = AbortSignal.any([signal, end.signal])
    const ended = await Promise.allSettled([
      speaker.run(until).finally(() => end.abort()),
      this.#readsSecrets() && this.#secrets?.run(until).finally(() => end.abort()),
    ])
    this.#speaker = undefined
    for (const each of ended) if (each.status === 'rejected') throw each.reason
  }

  #newSpeaker(): BgpSpeaker | FrrK8sSpeaker {
    const { tell, configurations } = this.#options
    const { engine, frr } = this.#settings
    const common = {
      ...{ decisions: this.#decisions, tell },
      announced: (services: AnnouncedServices) => this.#statuses?.want(services),
      isProgrammed: () => this.#isProgrammed,
    }
    switch (engine) {
      case 'frr':
        return new BgpSpeaker({
          ...{ ...common, folder: frr.sockets, ownership: frr.shared ? 'shared' : 'whole' },
          isIncomplete: () => this.#isIncomplete,
        })
      case 'frr-k8s':
        return new FrrK8sSpeaker({ ...common, ...configurations, settings: () => this.#settings })
      default:
        return unreachable(engine)
    }
  }

  /** frr-k8s reads them itself. */
  #readsSecrets(): boolean {
    return this.#settings.engine === 'frr'
  }

  #take(event: SourceEvent): void {
    if (!this.#settings.enabled || !this.#store.apply(event)) return
    if (event.resource === 'bgppeers') this.#wantSecrets()
    this.#speaker?.wake()
  }

  #wantSecrets(): void {
    const secrets = this.#readsSecrets() ? this.#store.secretNames() : undefined
    if (secrets !== undefined) this.#secrets?.want(secrets)
  }

  /** Secrets that are not read are not waited for. */
  #newStore(): BgpObjectStore {
    const { followed } = this.#options
    return new BgpObjectStore(followed.filter((each) => each !== 'secrets' || this.#readsSecrets()))
  }
}

/** Which FRR is to announce, as text. */
function engineOf({ engine, frr }: BgpAnnouncingSettings): string {
  return JSON.stringify([engine, frr])
}
