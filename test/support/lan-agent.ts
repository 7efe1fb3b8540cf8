import type { Announcement } from '../../src/announce/announcement.ts'
import type { Beat, Claims } from '../../src/announce/beat.ts'
import { digestOf, partsOf } from '../../src/announce/beat-claims.ts'
import { claimsFor, haveOffers, offeredIn } from '../../src/announce/claims.ts'
import type { Member } from '../../src/announce/member.ts'
import {
  changeMembers,
  lacksList,
  type Members,
  membersAt,
  nextDeath,
  noMembers,
} from '../../src/announce/members.ts'
import {
  NO_OFFERS,
  type Offers,
  offered,
  offerName,
  offerOf,
  offersOf,
} from '../../src/announce/offers.ts'
import { peersOf } from '../../src/announce/peers.ts'
import { type Spot, spotKey } from '../../src/announce/spot.ts'
import type { Step } from '../../src/announce/step.ts'
import { begin, turn } from '../../src/announce/transition.ts'
import {
  askedLate,
  lateSince,
  type Transition,
  type TransitionEvent,
  type Turn,
} from '../../src/announce/transition-state.ts'
import type { Address } from '../../src/model/address.ts'
import { unreachable } from '../../src/model/unreachable.ts'
import { programming } from '../../src/speaker/steps.ts'
import {
  interfaceOf,
  isTaken,
  type LanModel,
  type ModelAgent,
  type ModelNode,
  macOf,
  orderOf,
  TIMES,
} from './lan-model.ts'

type Duty = Pick<Announcement, 'address' | 'interfaces' | 'candidates' | 'parties' | 'owner'>

interface Rest {
  readonly steps: readonly Step[]
  readonly askers: readonly string[]
  /** The kernel works at the first of them. */
  readonly isAtKernel: boolean
  /** The kernel has done one after which others are to be told. */
  readonly claims: boolean
}

/** An agent on the model LAN: the loop around the state machine, with the model's clock. */
export class LanAgent implements ModelAgent {
  readonly #lan: LanModel
  readonly #node: ModelNode
  readonly #incarnation: number
  #state: Transition
  #members: Members = noMembers(TIMES.timeout)
  #offers: Offers = NO_OFFERS
  #events: TransitionEvent[] = []
  readonly #beats: Beat[] = []
  #sequence = 0
  readonly #told = new Map<string, string>()
  #stalledUntil = 0
  wakesAt = 0
  diesAfter: number | undefined
  slowness = 0
  commitMs = 0
  /** What is left of the steps of a turn while the kernel works. */
  #rest: Rest | undefined
  #isWoken = false
  readonly steps: Step[] = []
  readonly #begun: Turn

  constructor(lan: LanModel, node: ModelNode, incarnation: number) {
    this.#lan = lan
    this.#node = node
    this.#incarnation = incarnation
    const { kernel } = node
    const settings = { node: node.name, ...TIMES }
    const isAlive = kernel.aliveUntil > lan.now
    const spots = [...kernel.spots.values()].filter(({ address }) => !isTaken(kernel, address))
    this.#begun = begin(settings, { isAlive, spots }, lan.now)
    this.#state = this.#begun.state
  }

  begin(): void {
    this.wake()
    this.#carryOut(this.#begun.steps, [])
  }

  wake(): void {
    this.#isWoken = true
    if (this.#rest === undefined) this.wakesAt = Math.max(this.#stalledUntil, this.#lan.now)
  }

  stall(ms: number): void {
    this.#stalledUntil = this.#lan.now + ms
    // A kernel does what it was told also while the agent is frozen.
    if (this.#rest?.isAtKernel === true) return
    this.wakesAt = Math.max(this.wakesAt, this.#stalledUntil)
  }

  get isStalled(): boolean {
    return this.#stalledUntil > this.#lan.now
  }

  hear(event: TransitionEvent): void {
    this.#events.push(event)
    this.wake()
  }

  hearBeat(beat: Beat): void {
    this.#beats.push(beat)
    this.wake()
  }

  tick(): void {
    if (this.wakesAt > this.#lan.now) return
    const rest = this.#rest
    if (this.isStalled && rest?.isAtKernel !== true) return
    this.#rest = undefined
    if (rest === undefined) this.#turn()
    else if (rest.isAtKernel) this.#proceed(rest.steps, rest.askers)
    else this.#goOn(rest)
  }

  #turn(): void {
    this.#isWoken = false
    const { now } = this.#lan
    const since = lateSince(this.#state, now)
    const { interval } = TIMES
    if (since !== undefined) {
      this.#members = changeMembers(this.#members, { kind: 'late', interval, since }, now)
    }
    const askers: string[] = []
    for (const beat of this.#beats.splice(0)) {
      this.#members = changeMembers(this.#members, { kind: 'beat', beat }, now)
      if (beat.wantsList) askers.push(beat.node)
    }
    const members = membersAt(this.#members, now)
    const wanted = this.#duties(members)
    const next = turn(this.#state, {
      now,
      wanted,
      members,
      links: new Map(this.#links()),
      standing: this.#node.isExcluded ? 'leaving' : 'live',
      events: this.#events.splice(0),
    })
    this.#state = next.state
    const { steps } = this.#offering(members, wanted) ? programming(next) : next
    for (const node of askers) this.#told.delete(node)
    const beats = steps.some(({ kind }) => kind === 'beat')
    this.#carryOut(steps, beats ? [] : askers)
  }

  /** Returns whether the kernel has to know of other offers before the next beat. */
  #offering(members: readonly Member[], wanted: readonly Duty[]): boolean {
    const duties = new Map<Address, Duty>(wanted.map((duty) => [duty.address, duty]))
    const former = this.#offers
    this.#offers = offersOf(former, offered(this.#state, members, duties, this.#lan.now))
    return this.#offers !== former
  }

  #finish(askers: readonly string[]): void {
    const { now } = this.#lan
    if (askers.length > 0) this.#beat()
    const death = nextDeath(this.#members, now) ?? Number.POSITIVE_INFINITY
    const due = Math.min(this.#state.due, death) + this.slowness
    this.wakesAt = this.#isWoken ? now : Math.max(due, now, this.#stalledUntil)
  }

  #links(): readonly (readonly [string, string])[] {
    return Array.from({ length: this.#lan.options.lans }, (_, lan) => lan)
      .filter((lan) => !this.#node.cut.has(lan))
      .map((lan) => [interfaceOf(lan), macOf(this.#node, lan)] as const)
  }

  #duties(members: readonly Member[]): readonly Duty[] {
    const known = new Map(members.map((member) => [member.node, member]))
    const isSettled = (node: string): boolean =>
      node === this.#node.name ? this.#state.isSettled : known.get(node)?.settled === true
    const mayOwn = (node: string): boolean =>
      node === this.#node.name ? !this.#node.isExcluded : known.get(node)?.state === 'live'
    const excluded = new Set(
      this.#lan.nodes.filter(({ isExcluded }) => isExcluded).map(({ name }) => name),
    )
    const interfaces = this.#links().map(([name]) => name)
    return this.#lan.options.addresses.map((address, at) => {
      const order = orderOf(this.#lan, at + (this.#node.isConfused ? 1 : 0))
        .filter((node) => !excluded.has(node))
        .slice(0, this.#lan.options.candidates)
      const candidates = [...order.filter(isSettled), ...order.filter((node) => !isSettled(node))]
      const owner = candidates.find(mayOwn)
      return { address, interfaces, candidates, parties: candidates, owner }
    })
  }

  /** Takes the steps of a turn up to one for which the kernel needs time. */
  #carryOut(steps: readonly Step[], askers: readonly string[]): void {
    const [step] = steps
    if (step === undefined) this.#finish(askers)
    else if (isForKernel(step) && this.commitMs > 0) {
      this.#rest = { steps, askers, isAtKernel: true, claims: false }
      this.wakesAt = this.#lan.now + this.commitMs
    } else this.#proceed(steps, askers)
  }

  /** Takes the first step, and goes on with the others unless it dies, or is frozen meanwhile. */
  #proceed([step, ...steps]: readonly Step[], askers: readonly string[]): void {
    if (step === undefined) return
    if (this.diesAfter === 0) {
      this.#lan.kill(this.#node)
      return
    }
    if (this.diesAfter !== undefined) this.diesAfter--
    this.steps.push(step)
    if (!this.#do(step)) {
      this.hear({ kind: 'ran-out' })
      this.#finish(askers)
      return
    }
    const claims = step.kind === 'program' && step.add.length > 0
    const rest = { steps, askers, isAtKernel: false, claims }
    if (!this.isStalled) this.#goOn(rest)
    else {
      this.#rest = rest
      this.wakesAt = this.#stalledUntil
    }
  }

  #goOn({ steps, askers, claims }: Rest): void {
    if (claims) this.#claim()
    this.#carryOut(steps, askers)
  }

  /** Returns false if the kernel has fallen silent. */
  #do(step: Step): boolean {
    const { kernel } = this.#node
    const { now } = this.#lan
    switch (step.kind) {
      case 'revive':
        kernel.spots.clear()
        this.#setOffers(new Map())
        break
      case 'renew':
        if (kernel.aliveUntil <= now) return false
        break
      case 'program':
        if (kernel.aliveUntil <= now) return false
        for (const spot of step.remove) kernel.spots.delete(spotKey(spot))
        for (const spot of step.add) this.#add(spot)
        this.#loseTaken(this.#named())
        this.#setOffers(this.#named())
        break
      case 'beat':
        this.#beat()
        return true
      case 'gratuitous':
        for (const spot of step.spots) this.#lan.announce(this.#node, lanOf(spot), spot.address)
        return true
      case 'probe':
        for (const spot of step.spots) this.#lan.probe(this.#node, lanOf(spot), spot.address)
        for (const event of askedLate(this.#state, step.spots, now)) this.hear(event)
        return true
      case 'tell':
        return true
      default:
        unreachable(step)
    }
    kernel.aliveUntil = now + TIMES.hold
    return true
  }

  #add(spot: Spot): void {
    const { kernel } = this.#node
    const key = spotKey(spot)
    kernel.spots.set(key, spot)
    const phase = this.#state.spots.get(key)?.phase
    const from = phase?.kind === 'answering' ? phase.from : undefined
    kernel.takenFrom.delete(key)
    kernel.takenBy.delete(key)
    if (from === undefined) kernel.takenBy.set(key, { agent: this, at: this.#lan.now })
    else kernel.takenFrom.set(key, from)
  }

  #named(): ReadonlyMap<string, ReadonlySet<Address>> {
    return new Map(
      [...this.#offers.open.values()].map((offer) => {
        return [offerName(this.#incarnation, offer), offer.addresses]
      }),
    )
  }

  /** What is not offered any more may have been taken before: then the kernel does not answer for it again. */
  #loseTaken(offers: ReadonlyMap<string, ReadonlySet<Address>>): void {
    const { kernel } = this.#node
    const gone = [...kernel.taken].filter((name) => !offers.has(name))
    const addresses = gone.flatMap((name) => [...(kernel.offers.get(name) ?? [])])
    const lost = [...kernel.spots.values()].filter(({ address }) => addresses.includes(address))
    for (const spot of lost) kernel.spots.delete(spotKey(spot))
    if (lost.length > 0) this.hear({ kind: 'taken', addresses: lost.map(({ address }) => address) })
  }

  #setOffers(offers: ReadonlyMap<string, ReadonlySet<Address>>): void {
    const { kernel } = this.#node
    kernel.offers.clear()
    for (const [name, addresses] of offers) kernel.offers.set(name, addresses)
    for (const name of kernel.taken) if (!offers.has(name)) kernel.taken.delete(name)
  }

  #beat(): void {
    const { now } = this.#lan
    const members = membersAt(this.#members, now)
    const known = new Map(members.map((member) => [member.node, member]))
    const duties = new Map<Address, Duty>(this.#duties(members).map((duty) => [duty.address, duty]))
    const { name } = this.#node
    for (const peer of peersOf(name, this.#state.spots, duties.values(), members)) {
      const receiver = this.#lan.nodes.find((node) => node.name === peer)
      const { claims } = known.get(peer) ?? { claims: new Set<Address>() }
      if (receiver === undefined) continue
      this.#sendTo(receiver, claimsFor({ node: peer, claims }, this.#state, duties, now))
    }
  }

  #sendTo(receiver: ModelNode, claims: Claims): void {
    const { now } = this.#lan
    const digest = digestOf(claims)
    const isTold = this.#told.get(receiver.name) === digest
    this.#told.set(receiver.name, digest)
    const addresses = offeredIn(claims)
    const known = offerOf(this.#offers, receiver.name, addresses)
    const offer = known && offerName(this.#incarnation, known)
    for (const part of isTold ? [undefined] : partsOf(claims)) {
      this.#lan.send(this.#node, receiver, this.#beatTo(receiver, { digest, offer, part }))
    }
    const event = { kind: 'offered', node: receiver.name, offer, addresses } as const
    this.#members = changeMembers(this.#members, event, now)
  }

  /** Tells those that hand over, before all others, that this node answers for what they have offered. */
  #claim(): void {
    const { now } = this.#lan
    const members = membersAt(this.#members, now)
    const duties = new Map<Address, Duty>(this.#duties(members).map((duty) => [duty.address, duty]))
    for (const member of members) {
      const claims = claimsFor(member, this.#state, duties, now)
      const receiver = this.#lan.nodes.find(({ name }) => name === member.node)
      if (receiver === undefined || !haveOffers(claims, member)) continue
      const takes = this.#members.known.get(member.node)?.beat.offer
      if (takes === undefined) continue
      const beat = this.#beatTo(receiver, { digest: digestOf(claims), takes, part: undefined })
      this.#lan.send(this.#node, receiver, beat)
    }
  }

  #beatTo(
    { name }: ModelNode,
    said: Pick<Beat, 'digest' | 'part'> & Partial<Pick<Beat, 'offer' | 'takes'>>,
  ): Beat {
    return {
      node: this.#node.name,
      incarnation: this.#incarnation,
      sequence: ++this.#sequence,
      state: this.#state.standing,
      settled: this.#state.isSettled,
      links: Array.from({ length: this.#lan.options.lans }, (_, lan) => ({
        name: interfaceOf(lan),
        mac: macOf(this.#node, lan),
      })),
      wantsList: lacksList(this.#members, name, this.#lan.now),
      offer: undefined,
      takes: undefined,
      ...said,
    }
  }
}

function isForKernel({ kind }: Step): boolean {
  return kind === 'program' || kind === 'renew' || kind === 'revive'
}

function lanOf({ interface: name }: Spot): number {
  return Number(name.slice('eth'.length))
}
