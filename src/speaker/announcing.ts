import { setTimeout as pause } from 'node:timers/promises'
import type { AnnounceProblem } from '../announce/eligibility.ts'
import { chooseResponder } from '../dataplane/announce/choose-responder.ts'
import { removeAnnouncing } from '../dataplane/announce/removal.ts'
import type { Responder } from '../dataplane/announce/responder.ts'
import { isOfKernel, kernelReason } from '../dataplane/outcome.ts'
import type { AnnounceSettings } from '../model/announce-settings.ts'
import { AnnounceStore } from '../watch/announce-store.ts'
import { isNodeResource, type Resource } from '../watch/resources.ts'
import type { Source, SourceState } from '../watch/source.ts'
import { Wakeup } from '../watch/wakeup.ts'
import type { TellSpeaker } from './news.ts'
import type { ServiceStatuses } from './service-statuses.ts'
import { Speaker } from './speaker.ts'
import type { AnnounceView } from './view.ts'

/** What the operator chose, as far as announcing depends on it. */
interface AnnouncingSettings extends Omit<AnnounceSettings, 'bgp'> {
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
}

interface AnnouncingOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: AnnouncingSettings
  /** The kinds of objects that the source follows if announcing is enabled. */
  readonly followed: readonly Resource[]
  readonly tell: TellSpeaker
  /** Gets everything that is wrong with objects, each time that they were looked at. */
  readonly judged: (problems: readonly AnnounceProblem[]) => void
  /** Keeps the ServiceL2Statuses; undefined where there is no API server. */
  readonly statuses: ((tell: (reason: string | undefined) => void) => ServiceStatuses) | undefined
}

/** A kernel that cannot be asked is asked again after so many milliseconds. */
const AGAIN_MS = 5_000
/** Without news of the API server for so many milliseconds, this node ranks behind others. */
const STALE_MS = 60_000

/**
 * Announcing in the agent: reads the objects on which it depends, and runs a speaker whenever the
 * configuration says so. With another configuration a new speaker begins, which adopts what the kernel
 * answers for.
 */
export class Announcing {
  readonly #options: AnnouncingOptions
  readonly #changed: Wakeup = new Wakeup()
  /** Since when the source is lost, by kind. */
  readonly #lost: Map<Resource, number> = new Map()
  readonly #greetings: Map<string, number> = new Map()
  readonly #statuses: ServiceStatuses | undefined
  #settings: AnnouncingSettings
  #store: AnnounceStore
  #responder: Responder | undefined
  #speaker: Speaker | undefined
  #round = new AbortController()
  /** Settles when the last speaker has ended, if there was one. */
  #ended: Promise<void> = Promise.resolve()
  #isProgrammed = false
  #hasAnnounced = false
  #isLeaving = false

  constructor(options: AnnouncingOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#statuses = options.statuses?.((reason) => {
      const { tell } = options
      if (reason === undefined) tell({ event: 'statuses-written' })
      else tell({ event: 'statuses-not-written', reason })
    })
    this.#store = newStore(options)
  }

  /** Returns whether addresses are to be announced, for which more kinds of objects are needed. */
  get isEnabled(): boolean {
    return this.#settings.layer2.enabled
  }

  /** Returns a source that lets this see everything, and passes on what determines the rules. */
  through(source: Source): Source {
    return (listener, signal) =>
      source(
        {
          ...listener,
          event: (event) => {
            if (this.isEnabled && this.#store.apply(event)) this.#speaker?.objectsChanged()
            if (isNodeResource(event.resource)) listener.event(event)
          },
          state: (resource, state) => {
            this.#watch(resource, state)
            listener.state(resource, state)
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

  /** Puts other settings in force; where announcing is turned off, its addresses are handed over first. */
  configure(settings: AnnouncingSettings): void {
    if (this.#isLeaving) return
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return
    // Nothing was followed while announcing was off: everything is listed anew.
    if (!this.isEnabled && settings.layer2.enabled) this.#store = newStore(this.#options)
    this.#settings = settings
    if (!this.isEnabled && this.#speaker !== undefined) this.#speaker.leave()
    else this.#round.abort()
    this.#changed.now()
  }

  /** Hands over all that others can take, before the agent ends; it takes four timeouts at most. */
  async leave(): Promise<void> {
    const { layer2, ...rest } = this.#settings
    this.configure({ ...rest, layer2: { ...layer2, enabled: false } })
    this.#isLeaving = true
    // `run` rejects with the failure of a speaker.
    await this.#ended.catch(() => undefined)
  }

  /** Returns what this node announces; undefined where it does not, or has not begun. */
  view(): AnnounceView | undefined {
    return this.#speaker?.view()
  }

  /** Returns how many questions were answered; none if that cannot be asked now. */
  async answers(): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>()
    const counts = await this.#responder?.counts()
    if (counts === undefined || 'kind' in counts) return sums
    for (const [ip, count] of [...counts.values()].flatMap((each) => [...each])) {
      sums.set(ip, (sums.get(ip) ?? 0) + count)
    }
    return sums
  }

  /** Returns how many times the neighbours were told of each address. */
  gratuitous(): ReadonlyMap<string, number> {
    return this.#greetings
  }

  /** Announces as the configuration says until `signal` aborts; the kernel then goes on for a while. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#isLeaving) {
      this.#round = new AbortController()
      const until = AbortSignal.any([signal, this.#round.signal])
      if (this.isEnabled) {
        this.#ended = this.#announce(until)
        await this.#ended
      } else {
        await this.remove()
        await this.#changed.wait(until)
      }
    }
  }

  async #announce(signal: AbortSignal): Promise<void> {
    const responder = await this.#choose(signal)
    if (responder === undefined) return
    this.#responder = responder
    this.#hasAnnounced = true
    const { node, tell, judged } = this.#options
    const { layer2, classes } = this.#settings
    this.#speaker = new Speaker({
      ...{ node, classes, responder, tell, judged, settings: layer2, store: this.#store },
      isProgrammed: () => this.#isProgrammed,
      isStale: () => this.#isStale(),
      announced: (services) => this.#statuses?.want(services),
      greeted: (address) => {
        this.#greetings.set(address, (this.#greetings.get(address) ?? 0) + 1)
      },
    })
    try {
      const end = new AbortController()
      await Promise.all([
        this.#speaker.run(signal).finally(() => end.abort()),
        this.#statuses?.run(AbortSignal.any([signal, end.signal])),
      ])
    } finally {
      this.#speaker = undefined
      this.#responder = undefined
      await responder.close()
    }
  }

  /** Returns undefined if the signal aborts before the kernel could be asked. */
  async #choose(signal: AbortSignal): Promise<Responder | undefined> {
    const { tell } = this.#options
    while (!signal.aborted) {
      try {
        const { responder, reason } = await chooseResponder({
          ownership: 'kernel',
          ping: this.#settings.ping,
        })
        tell({ event: 'responder-chosen', responder: responder.kind, ...(reason && { reason }) })
        return responder
      } catch (error) {
        if (!isOfKernel(error)) throw error
        tell({ event: 'announcing-failed', reason: kernelReason(error) })
        await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  /** Ends all announcing of this node, also what an earlier process began. */
  async remove(): Promise<void> {
    const outcome = await removeAnnouncing()
    // Another agent that announces here is none of the business of one that does not.
    if (outcome.kind === 'failed' && this.#hasAnnounced) {
      this.#options.tell({ event: 'announcing-failed', reason: outcome.reason })
    }
  }

  #watch(resource: Resource, { kind }: SourceState): void {
    if (kind === 'following') this.#lost.delete(resource)
    else if (kind === 'lost' && !this.#lost.has(resource)) {
      this.#lost.set(resource, performance.now())
    }
  }

  #isStale(): boolean {
    const now = performance.now()
    return [...this.#lost.values()].some((since) => now - since >= STALE_MS)
  }
}

/** Problems of these objects are reported by the agent or the controller, which read them, too. */
function newStore({ followed }: AnnouncingOptions): AnnounceStore {
  return new AnnounceStore({ followed, read: () => undefined })
}
