import { digestOf, partsOf } from '../announce/beat-claims.ts'
import { decodeBeat } from '../announce/beat-codec.ts'
import { claimsFor, haveOffers, offeredIn } from '../announce/claims.ts'
import type { Handover } from '../announce/handover.ts'
import type { Member } from '../announce/member.ts'
import {
  changeMembers,
  lacksList,
  type Members,
  membersAt,
  nextDeath,
  noMembers,
} from '../announce/members.ts'
import { offered } from '../announce/offers.ts'
import { peersOf } from '../announce/peers.ts'
import { HANDOVER_MS } from '../announce/transition-draft.ts'
import type { Transition } from '../announce/transition-state.ts'
import type { MemberSettings } from '../model/announce-settings.ts'
import { BeatMaker, type Said } from './beat-maker.ts'
import { BeatPort } from './beat-port.ts'
import { ForeignKeys } from './foreign-keys.ts'
import { type CurrentKeys, MemberKeys } from './member-keys.ts'
import { MemberOffers } from './member-offers.ts'
import type { TellSpeaker } from './news.ts'
import type { Outlook } from './outlook.ts'
import { type Claiming, type Content, NO_CONTENT, type Saying, says, unheard } from './sayings.ts'

interface TalkOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: MemberSettings
  /** A member says something new, so that the owners may change. */
  readonly heard: () => void
  readonly tell: TellSpeaker
}

/** The conversation with the agents of the other Nodes. */
export class MemberTalk {
  readonly #options: TalkOptions
  readonly #keys: MemberKeys | undefined
  readonly #port: BeatPort
  readonly #maker: BeatMaker
  readonly #offers: MemberOffers
  /** The digest of the claims that each peer was last told. */
  readonly #told: Map<string, string> = new Map()
  readonly #foreign: ForeignKeys
  #members: Members
  #nodeOf: ReadonlyMap<string, string> = new Map()
  #internal: Outlook['internal'] | undefined
  #isAwaited = false
  /** The Nodes to which the last beats went, and by what others were looked for. */
  #peers: ReadonlySet<string> = new Set()
  #met: Outlook | undefined
  /** When all peers are to hear of a claim that only those have heard of that handed over. */
  #owedAt = Number.POSITIVE_INFINITY

  constructor(options: TalkOptions) {
    const { settings } = options
    const { keyFile, port, timeout } = settings
    this.#options = options
    this.#maker = new BeatMaker(options.node)
    this.#offers = new MemberOffers(options.node, this.#maker.incarnation)
    this.#members = noMembers(timeout)
    this.#foreign = new ForeignKeys(this.#trouble('foreign-key'))
    this.#keys = keyFile === undefined ? undefined : new MemberKeys(keyFile, this.#trouble('key'))
    this.#port = new BeatPort({
      port,
      received: (bytes, from) => this.#received(bytes, from),
      trouble: this.#trouble('port'),
    })
  }

  /** Follows the key until `signal` aborts, and closes the port. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#keys?.run(signal)
    } finally {
      this.#port.close()
    }
  }

  /** Returns whether this node can talk to others at all. */
  hasKey(): boolean {
    return this.#currentKeys(performance.now()) !== undefined
  }

  /**
   * Returns whether another node waits for a beat: it is heard for the first time or again, has asked for a
   * list, or has not heard of a claim. Where halves of a LAN are joined, two nodes may answer until they have
   * heard each other.
   */
  isAwaited(now: number): boolean {
    return this.#isAwaited || this.#owedAt <= now
  }

  /**
   * Returns whether there is a Node to beat to that was not among them before, such as after this one was drained: it
   * may be about to take this one for dead.
   */
  meets(transition: Transition, outlook: Outlook, members: readonly Member[]): boolean {
    if (outlook === this.#met) return false
    this.#met = outlook
    return [...this.#peersIn(transition, outlook, members)].some((peer) => !this.#peers.has(peer))
  }

  #peersIn(
    { spots }: Transition,
    { announcements }: Outlook,
    members: readonly Member[],
  ): ReadonlySet<string> {
    return peersOf(this.#options.node, spots, announcements.values(), members)
  }

  /** Takes the Nodes that there are, with their InternalIPs. */
  setNodes(internal: Outlook['internal']): void {
    if (internal === this.#internal) return
    this.#internal = internal
    this.#nodeOf = new Map([...internal].flatMap(([node, all]) => all.map((each) => [each, node])))
    this.#change({ kind: 'nodes', nodes: new Set(internal.keys()) }, performance.now())
    if (this.#keys !== undefined) this.#port.listenOn(internal.get(this.#options.node) ?? [])
    this.#foreign.keep(internal)
  }

  /** Notes that this node did not listen since a time, so that nobody counts as dead for that. */
  late(since: number, now: number): void {
    this.#change({ kind: 'late', interval: this.#options.settings.interval, since }, now)
  }

  at(now: number): readonly Member[] {
    return membersAt(this.#members, now)
  }

  /** Returns when the next member counts as dead if nothing comes from it, or another node waits for a beat. */
  due(now: number): number {
    return Math.min(nextDeath(this.#members, now) ?? Number.POSITIVE_INFINITY, this.#owedAt)
  }

  /**
   * Makes a beat to each member that hands over to this node: it says that this node answers for all that it
   * was offered, as it will once the next change is committed. Returns what sends these beats.
   */
  claim(saying: Saying, transition: Transition, outlook: Outlook): Claiming {
    const now = performance.now()
    const keys = this.#currentKeys(now)
    const givers = this.at(now).filter(({ offers }) => offers.size > 0)
    const taking = givers.flatMap((member) => {
      const { node } = member
      const claims = claimsFor(member, transition, outlook.announcements, now)
      if (keys === undefined || !haveOffers(claims, member)) return []
      const takes = this.#members.known.get(node)?.beat.offer
      if (takes === undefined) return []
      const said = this.#said(node, saying, transition, { digest: digestOf(claims), takes })
      const bytes = this.#maker.datagram(node, said, keys.signs)
      return { to: outlook.internal.get(node) ?? [], bytes }
    })
    return {
      isWhole: taking.length === givers.length,
      send: () => {
        for (const { bytes, to } of taking) this.#port.send(bytes, to)
      },
    }
  }

  /**
   * Returns what this node offers to others with this state. Its kernel has to know of it before a beat says so, because
   * the answer may come at once. It is the same value as before if nothing has changed.
   */
  handovers(transition: Transition, { announcements }: Outlook): readonly Handover[] {
    const now = performance.now()
    const keys = this.#currentKeys(now)?.believed ?? []
    return this.#offers.follow(offered(transition, this.at(now), announcements, now), keys)
  }

  /** Has a beat sent to all peers soon, but not at once. */
  owe(): void {
    this.#owedAt = performance.now() + HANDOVER_MS
  }

  /** Sends a beat to each peer, with the list of claims where that is news or was asked for. */
  send(saying: Saying, transition: Transition, outlook: Outlook): void {
    const now = performance.now()
    this.#isAwaited = false
    this.#owedAt = Number.POSITIVE_INFINITY
    const keys = this.#currentKeys(now)
    if (keys === undefined) return
    const members = new Map(this.at(now).map((member) => [member.node, member]))
    const { announcements, internal } = outlook
    this.#peers = this.#peersIn(transition, outlook, [...members.values()])
    for (const peer of this.#peers) {
      const receiver = members.get(peer)
      const claims = claimsFor(receiver ?? unheard(peer), transition, announcements, now)
      const digest = digestOf(claims)
      const isAsked = this.#members.known.get(peer)?.beat.wantsList === true
      const lists = isAsked || this.#told.get(peer) !== digest
      this.#told.set(peer, digest)
      const addresses = offeredIn(claims)
      const offer = this.#offers.name(peer, addresses)
      for (const part of lists ? partsOf(claims) : [undefined]) {
        const said = this.#said(peer, saying, transition, { digest, offer, part })
        this.#port.send(this.#maker.datagram(peer, said, keys.signs), internal.get(peer) ?? [])
      }
      this.#change({ kind: 'offered', node: peer, offer, addresses }, now)
    }
  }

  #said(peer: string, saying: Saying, { isSettled: settled }: Transition, content: Content): Said {
    const wantsList = lacksList(this.#members, peer, performance.now())
    return { ...saying, settled, wantsList, ...NO_CONTENT, ...content }
  }

  #currentKeys(now: number): CurrentKeys | undefined {
    return this.#keys?.current(now)
  }

  #received(bytes: Uint8Array, from: string): void {
    const now = performance.now()
    const keys = this.#currentKeys(now)
    if (keys === undefined) return
    const { node, heard } = this.#options
    const beat = decodeBeat(bytes, node, keys.believed)
    if (beat === undefined) {
      const sender = this.#nodeOf.get(from)
      if (sender !== undefined) this.#foreign.note(sender, true)
      return
    }
    if (beat.node === node || this.#internal?.has(beat.node) !== true) return
    this.#foreign.note(beat.node, false)
    const before = this.#members.known.get(beat.node)
    this.#change({ kind: 'beat', beat }, now)
    const after = this.#members.known.get(beat.node)
    if (after === before) return
    const wasHeard = before !== undefined && before.deadline > now
    // What it was told meanwhile has not reached it.
    if (!wasHeard) this.#told.delete(beat.node)
    if (!wasHeard || (beat.wantsList && !before.beat.wantsList)) this.#isAwaited = true
    if (!wasHeard || says(before) !== says(after)) heard()
  }

  #change(event: Parameters<typeof changeMembers>[1], now: number): void {
    this.#members = changeMembers(this.#members, event, now)
  }

  #trouble(about: 'key' | 'port' | 'foreign-key'): (reason: string | undefined) => void {
    const { tell } = this.#options
    return (reason) => {
      if (reason === undefined) tell({ event: 'members-in-order', about })
      else tell({ event: 'members-problem', about, reason })
    }
  }
}
