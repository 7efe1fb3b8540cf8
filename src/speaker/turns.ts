import type { AnnounceProblem } from '../announce/eligibility.ts'
import type { Handover } from '../announce/handover.ts'
import type { Member } from '../announce/member.ts'
import type { AnnouncedServices } from '../announce/service-status.ts'
import { begin, turn } from '../announce/transition.ts'
import {
  answeredSpots,
  isHandingOver,
  lateSince,
  type Transition,
  type TransitionEvent,
  type Turn,
  transitionSettings,
} from '../announce/transition-state.ts'
import type { Responder } from '../dataplane/announce/responder.ts'
import { type Failed, orFailed } from '../dataplane/outcome.ts'
import type { Address } from '../model/address.ts'
import { excludedInterfaces, type Layer2Settings } from '../model/announce-settings.ts'
import type { AnnounceStore } from '../watch/announce-store.ts'
import { ServicesAnnounced } from './announced-services.ts'
import type { Chores } from './chores.ts'
import { MemberTalk } from './member-talk.ts'
import type { TellSpeaker } from './news.ts'
import { foundIn, NodeLinks } from './node-links.ts'
import { dutiesOf, type Outlook, Outlooks } from './outlook.ts'
import { ProblemNews } from './problem-news.ts'
import { beating, perform, programming } from './steps.ts'
import { Teller } from './teller.ts'
import { type AnnounceView, viewOf } from './view.ts'
import { Wires } from './wires.ts'

export interface TurnOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: Layer2Settings
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
  readonly store: AnnounceStore
  readonly responder: Responder
  /** Returns whether the rules of all Services are programmed: before, nobody may send packets here. */
  readonly isProgrammed: () => boolean
  /** Gets all Services that have an address which this node announces, whenever that changes. */
  readonly announced: (services: AnnouncedServices) => void
  /** The neighbours were told of this address. */
  readonly greeted: (address: Address) => void
  readonly tell: TellSpeaker
  /** Gets everything that is wrong with objects, each time that they were looked at. */
  readonly judged: (problems: readonly AnnounceProblem[]) => void
}

interface TurnParts extends TurnOptions {
  /** Returns what this node says of itself. */
  readonly standing: () => Exclude<Member['state'], 'dead'>
  /** Gets what can wait, and is done at the end of turns. */
  readonly chores: Chores
  /** Asks for a turn after so many milliseconds. */
  readonly wake: (ms: number) => void
}

/** How a turn went. */
type Round = { readonly kind: 'went' } | Failed

const WENT: Round = { kind: 'went' }

/** A node that is not ready is asked again after so many milliseconds. */
const AGAIN_MS = 1_000

/**
 * The turns of a speaker: each gathers what has happened, has `announce/transition.ts` decide, and takes
 * the steps that follow.
 */
export class Turns {
  readonly #parts: TurnParts
  readonly #talk: MemberTalk
  readonly #wires: Wires
  readonly #links: NodeLinks
  readonly #outlooks: Outlooks
  readonly #teller: Teller
  readonly #problems: ProblemNews
  readonly #services: ServicesAnnounced
  #state: Transition | undefined
  /** The members by which the last turn decided. */
  #members: readonly Member[] = []
  #events: TransitionEvent[] = []
  /** What the kernel knows of what is offered to others. */
  #handovers: readonly Handover[] = []
  #excluded = ''

  constructor(parts: TurnParts) {
    const { node, settings, classes, store, tell, wake } = parts
    this.#parts = parts
    this.#teller = new Teller(tell, parts.chores)
    this.#problems = new ProblemNews(settings, tell)
    this.#services = new ServicesAnnounced({ tell, changed: parts.announced })
    const found = (found: Pick<Outlook, 'eligibility' | 'internal'>): void => this.#found(found)
    this.#outlooks = new Outlooks({ settings, classes, store, again: wake, found })
    const lost = (name: string): void => this.#happened({ kind: 'lost', interface: name })
    this.#talk = new MemberTalk({ node, settings: settings.members, heard: () => wake(0), tell })
    this.#links = new NodeLinks({ changed: () => wake(0), lost })
    this.#wires = new Wires({
      heard: (event) => this.#happened(event),
      missed: (name) => this.#happened({ kind: 'missed', interface: name }),
      broke: (name) => {
        this.#links.changed()
        lost(name)
      },
    })
  }

  /** Hears the other nodes and the interfaces until `signal` aborts. */
  async listen(signal: AbortSignal): Promise<void> {
    const stopWatching = this.#links.watch()
    try {
      await this.#talk.run(signal)
    } finally {
      stopWatching()
      this.#wires.close()
    }
  }

  /** Takes the next turn, with everything that has arrived. */
  next(): Promise<Round> {
    this.#wires.drain()
    const state = this.#state
    return orFailed(() => (state ? this.#turn(state) : this.#begin()))
  }

  /** Begins anew in the next turn, by what the kernel then holds. */
  restart(): void {
    this.#state = undefined
  }

  /** Notes that objects have changed. */
  objectsChanged(): void {
    this.#outlooks.objectsChanged()
  }

  /** Returns whether this node answers for any address. */
  answers(): boolean {
    return this.#state !== undefined && answeredSpots(this.#state).length > 0
  }

  /** Returns what this node does at the moment; undefined before it has begun. */
  view(): AnnounceView | undefined {
    const [now, state, outlook] = [performance.now(), this.#state, this.#outlooks.last]
    if (state === undefined || outlook === undefined) return undefined
    const { kind: responder } = this.#parts.responder
    return viewOf({ responder, state, outlook, now, members: this.#members })
  }

  #happened(event: TransitionEvent): void {
    this.#events.push(event)
    this.#parts.wake(0)
  }

  async #begin(): Promise<Round> {
    const { node, responder, settings, store, isProgrammed } = this.#parts
    if (!store.complete() || !isProgrammed()) {
      // What an agent before this one answered for goes on: nobody could take it over unnoticed.
      const renewed = await responder.renew(settings.hold)
      this.#parts.wake(AGAIN_MS)
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
      ...{ now, members, standing: this.#parts.standing() },
      wanted: dutiesOf(outlook, state, this.#talk.hasKey()),
      links: new Map(this.#links.current.map(({ name, mac }) => [name, mac])),
      events: this.#events.splice(0),
    })
    const meets = this.#talk.meets(next.state, outlook, members)
    const told = meets || this.#talk.isAwaited(now) ? beating(next) : next
    const handovers = this.#talk.handovers(next.state, outlook)
    const changes = programs || handovers !== this.#handovers
    this.#handovers = handovers
    return this.#go(changes ? programming(told) : told, outlook, members)
  }

  async #go({ state, steps }: Turn, outlook: Outlook, members: readonly Member[]): Promise<Round> {
    const { responder, settings } = this.#parts
    const links = this.#links.current
    this.#state = state
    this.#members = members
    const saying = { state: this.#parts.standing(), links }
    const outcome = await perform(steps, {
      ...{ responder, state, links, hold: settings.hold, wires: this.#wires },
      handovers: this.#handovers,
      claim: () => this.#talk.claim(saying, state, outlook),
      oweBeat: () => this.#talk.owe(),
      beat: () => this.#talk.send(saying, state, outlook),
      tell: (news) => this.#teller.news(news, outlook, members),
      refused: (reasons) => this.#teller.refused(reasons),
      greeted: this.#parts.greeted,
    })
    if (outcome.kind === 'failed') return outcome
    for (const event of outcome.events) this.#happened(event)
    const again = this.#parts.chores.next(isHandingOver(state), () =>
      this.#services.follow(state, outlook),
    )
    const now = performance.now()
    const due = Math.min(state.due, this.#talk.due(now), now + (again ?? Number.POSITIVE_INFINITY))
    this.#parts.wake(Math.max(0, due - now))
    return WENT
  }

  #look(state: Transition, members: readonly Member[]): Outlook {
    const { node, standing } = this.#parts
    const own = { node, state: standing(), settled: state.isSettled }
    return this.#outlooks.current({ ...own, links: this.#links.current }, members)
  }

  #found({ eligibility, internal }: Pick<Outlook, 'eligibility' | 'internal'>): void {
    this.#talk.setNodes(internal)
    this.#problems.found(eligibility, internal.size)
    const { store, judged } = this.#parts
    judged([...store.unread(), ...eligibility.problems])
    // The interfaces to exclude may be among the objects.
    if (String(this.#exclusions()) !== this.#excluded) this.#links.changed()
  }

  /** Returns whether interfaces may have changed, so that they have to be programmed again. */
  #readLinks(): Promise<boolean> {
    const exclusions = this.#exclusions()
    this.#excluded = String(exclusions)
    return this.#links.read(exclusions)
  }

  #exclusions(): readonly string[] {
    const { settings, store } = this.#parts
    return excludedInterfaces(settings, store.excluded())
  }
}
