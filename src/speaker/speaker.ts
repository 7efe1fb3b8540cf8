import { setImmediate as pollPhase } from 'node:timers/promises'
import type { Member } from '../announce/member.ts'
import type { AnnouncedServices } from '../announce/service-status.ts'
import { begin, turn } from '../announce/transition.ts'
import {
  lateSince,
  type Transition,
  type TransitionEvent,
  type Turn,
  transitionSettings,
} from '../announce/transition-state.ts'
import type { Responder } from '../dataplane/announce/responder.ts'
import { type Failed, orFailed } from '../dataplane/outcome.ts'
import type { Address } from '../model/address.ts'
import { type Layer2Settings, virtualInterfaces } from '../model/announce-settings.ts'
import type { AnnounceStore } from '../watch/announce-store.ts'
import { Wakeup } from '../watch/wakeup.ts'
import { ServicesAnnounced } from './announced-services.ts'
import { MemberTalk } from './member-talk.ts'
import type { TellSpeaker } from './news.ts'
import { foundIn, NodeLinks, spotsByLink } from './node-links.ts'
import { dutiesOf, type Outlook, Outlooks } from './outlook.ts'
import { ProblemNews } from './problem-news.ts'
import { perform, programming } from './steps.ts'
import { Teller } from './teller.ts'
import { type AnnounceView, viewOf } from './view.ts'
import { Wires } from './wires.ts'

interface SpeakerOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: Layer2Settings
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
  readonly store: AnnounceStore
  readonly responder: Responder
  /** Returns whether the rules of all Services are programmed: before, nobody may send packets here. */
  readonly isProgrammed: () => boolean
  /** Returns whether the API server has not been heard of for a minute. */
  readonly isStale: () => boolean
  /** Gets all Services of which this node announces an address, whenever that changes. */
  readonly announced: (services: AnnouncedServices) => void
  /** Everybody was told of this address. */
  readonly greeted: (address: Address) => void
  readonly tell: TellSpeaker
}

/** How a turn went. */
type Round = { readonly kind: 'went' } | Failed

const WENT: Round = { kind: 'went' }

/** A kernel that refuses, or a node that is not ready, is asked again after so many milliseconds. */
const AGAIN_MS = 1_000

/**
 * Announces addresses on the LANs of this node. Everything is decided by `announce/transition.ts`; this
 * is where events come in and steps go out, and the only place with a clock. One turn comes after
 * another, so that nothing overtakes.
 */
export class Speaker {
  readonly #options: SpeakerOptions
  readonly #talk: MemberTalk
  readonly #wires: Wires
  readonly #links: NodeLinks
  readonly #outlooks: Outlooks
  readonly #wakeup: Wakeup = new Wakeup()
  readonly #teller: Teller
  readonly #problems: ProblemNews
  readonly #services: ServicesAnnounced
  #state: Transition | undefined
  #events: TransitionEvent[] = []
  #excluded = ''
  #isFailing = false

  constructor(options: SpeakerOptions) {
    const { node, settings, classes, store, tell } = options
    this.#options = options
    this.#teller = new Teller(tell)
    this.#problems = new ProblemNews(settings, tell)
    this.#services = new ServicesAnnounced({ tell, changed: options.announced })
    this.#outlooks = new Outlooks({
      ...{ settings, classes, store },
      again: (ms) => this.#wakeup.after(ms),
      found: (found) => this.#found(found),
    })
    const wake = (): void => this.#wakeup.now()
    const lost = (name: string): void => this.#happened({ kind: 'lost', interface: name })
    this.#talk = new MemberTalk({ node, settings: settings.members, heard: wake, tell })
    this.#links = new NodeLinks({ changed: wake, lost })
    this.#wires = new Wires({
      heard: (event) => this.#happened(event),
      broke: (name) => {
        this.#links.changed()
        lost(name)
      },
    })
  }

  /** Notes that objects have changed. */
  objectsChanged(): void {
    this.#outlooks.objectsChanged()
  }

  /** Has the speaker look at everything, such as after the rules of the Services were programmed. */
  wake(): void {
    this.#wakeup.now()
  }

  /** Returns what this node does at the moment; undefined before it has begun. */
  view(): AnnounceView | undefined {
    const [now, state, outlook] = [performance.now(), this.#state, this.#outlooks.last]
    if (state === undefined || outlook === undefined) return undefined
    const { kind: responder } = this.#options.responder
    return viewOf({ responder, state, outlook, now, members: this.#talk.at(now) })
  }

  /** Announces until `signal` aborts; the kernel then goes on until its switch runs out. */
  async run(signal: AbortSignal): Promise<void> {
    const stopWatching = this.#links.watch()
    try {
      await Promise.all([this.#talk.run(signal), this.#loop(signal)])
    } finally {
      stopWatching()
      this.#wires.close()
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    this.#wakeup.now()
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      // What has arrived is read before a turn that is due: it may tell why silence was none.
      await pollPhase()
      this.#wires.drain()
      if (signal.aborted) return
      const state = this.#state
      const round = await orFailed(() => (state ? this.#turn(state) : this.#begin()))
      if (round.kind === 'failed') this.#failed(round.reason)
      else if (this.#isFailing) this.#failed(undefined)
    }
  }

  #happened(event: TransitionEvent): void {
    this.#events.push(event)
    this.#wakeup.now()
  }

  /** Takes why nothing can be announced, or undefined when it can be again. */
  #failed(reason: string | undefined): void {
    const { tell } = this.#options
    this.#isFailing = reason !== undefined
    if (reason === undefined) {
      tell({ event: 'announcing-resumed' })
      return
    }
    // What the kernel holds is not known any more, so it is read at the next beginning.
    this.#state = undefined
    this.#wakeup.after(AGAIN_MS)
    tell({ event: 'announcing-failed', reason })
  }

  async #begin(): Promise<Round> {
    const { node, responder, settings, store, isProgrammed } = this.#options
    if (!store.complete() || !isProgrammed()) {
      // What an agent before this one answered for goes on: nobody could take it over unnoticed.
      const renewed = await responder.renew(settings.hold)
      this.#wakeup.after(AGAIN_MS)
      return renewed.kind === 'failed' ? renewed : WENT
    }
    const inherited = await responder.inherited()
    if (inherited.kind === 'failed') return inherited
    await this.#readLinks()
    const now = performance.now()
    const first = begin(transitionSettings(node, settings), foundIn(inherited), now)
    this.#events = []
    const members = this.#talk.at(now)
    return this.#go(first, this.#look(first.state, members), members)
  }

  async #turn(state: Transition): Promise<Round> {
    const programs = await this.#readLinks()
    const now = performance.now()
    const late = lateSince(state, now)
    if (late !== undefined) this.#talk.late(late, now)
    const members = this.#talk.at(now)
    const outlook = this.#look(state, members)
    this.#teller.members(members)
    const next = turn(state, {
      ...{ now, members, standing: this.#standing() },
      wanted: dutiesOf(outlook, state, this.#talk.hasKey()),
      links: new Map(this.#links.current.map(({ name, mac }) => [name, mac])),
      events: this.#events.splice(0),
    })
    return this.#go(programs ? programming(next) : next, outlook, members)
  }

  async #go({ state, steps }: Turn, outlook: Outlook, members: readonly Member[]): Promise<Round> {
    const { responder, settings } = this.#options
    const links = this.#links.current
    this.#state = state
    this.#wires.listen(spotsByLink(state, links))
    const outcome = await perform(steps, {
      ...{ responder, state, links, hold: settings.hold, wires: this.#wires },
      beat: () => this.#talk.send({ state: this.#standing(), links }, state, outlook),
      tell: (news) => this.#teller.news(news, outlook, members),
      refused: (reasons) => this.#teller.refused(reasons),
      greeted: this.#options.greeted,
    })
    if (outcome.kind === 'failed') return outcome
    this.#services.follow(state, outlook)
    for (const event of outcome.events) this.#happened(event)
    const now = performance.now()
    this.#wakeup.after(Math.max(0, Math.min(state.due, this.#talk.nextDeath(now)) - now))
    return WENT
  }

  #look(state: Transition, members: readonly Member[]): Outlook {
    const { node } = this.#options
    const here = {
      node,
      state: this.#standing(),
      settled: state.isSettled,
      links: this.#links.current,
    }
    return this.#outlooks.current(here, members)
  }

  #found({ eligibility, internal }: Pick<Outlook, 'eligibility' | 'internal'>): void {
    this.#talk.setNodes(internal)
    this.#problems.found(eligibility, internal.size)
    // The interfaces to exclude may be among the objects.
    if (String(this.#exclusions()) !== this.#excluded) this.#links.changed()
  }

  #standing(): Exclude<Member['state'], 'dead'> {
    return this.#options.isStale() ? 'stale' : 'live'
  }

  /** Returns whether interfaces may have changed, so that they have to be programmed again. */
  #readLinks(): Promise<boolean> {
    const exclusions = this.#exclusions()
    this.#excluded = String(exclusions)
    return this.#links.read(exclusions)
  }

  #exclusions(): readonly string[] {
    const { settings, store } = this.#options
    return settings.excludeInterfaces ?? store.excluded() ?? virtualInterfaces
  }
}
