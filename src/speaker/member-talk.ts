import type { Beat, BeatLink } from '../announce/beat.ts'
import { digestOf, partsOf } from '../announce/beat-claims.ts'
import { decodeBeat, encodeBeat } from '../announce/beat-codec.ts'
import { claimsFor, foreseenClaims } from '../announce/claims.ts'
import type { Member } from '../announce/member.ts'
import {
  changeMembers,
  lacksList,
  type Members,
  membersAt,
  nextDeath,
  noMembers,
} from '../announce/members.ts'
import { peersOf } from '../announce/peers.ts'
import type { Transition } from '../announce/transition-state.ts'
import type { MemberSettings } from '../model/announce-settings.ts'
import { BeatPort } from './beat-port.ts'
import { type CurrentKeys, MemberKeys } from './member-keys.ts'
import type { TellSpeaker } from './news.ts'
import type { Outlook } from './outlook.ts'

interface TalkOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: MemberSettings
  /** A member says something new, so that the owners may change. */
  readonly heard: () => void
  readonly tell: TellSpeaker
}

/** What a beat says, besides the claims. */
interface Saying {
  readonly state: Exclude<Member['state'], 'dead'>
  readonly links: readonly BeatLink[]
}

/** What is known of a peer that was never heard. */
function unheard(node: string): Pick<Member, 'node' | 'claims'> {
  return { node, claims: new Set() }
}

/** Returns the members that hand an address over to this node. */
function giversTo({ spots }: Transition): ReadonlySet<string | undefined> {
  return new Set(
    [...spots.values()].map(({ phase }) => (phase.kind === 'answering' ? phase.from : undefined)),
  )
}

/** The conversation with the agents of the other Nodes. */
export class MemberTalk {
  readonly #options: TalkOptions
  readonly #keys: MemberKeys | undefined
  readonly #port: BeatPort
  readonly #incarnation = Date.now()
  /** The digest of the claims that each peer was last told. */
  readonly #told: Map<string, string> = new Map()
  readonly #foreign: Set<string> = new Set()
  #members: Members
  #nodeOf: ReadonlyMap<string, string> = new Map()
  #internal: Outlook['internal'] | undefined
  #sequence = 0
  #isAwaited = false

  constructor(options: TalkOptions) {
    const { settings } = options
    const { keyFile, port, timeout } = settings
    this.#options = options
    this.#members = noMembers(timeout)
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
   * Whether another node waits for a beat: it is heard for the first time or again, or has asked for a list.
   * Where halves of a LAN are joined, two nodes may answer until they have heard each other.
   */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  /** Takes the Nodes that there are, with their InternalIPs. */
  setNodes(internal: Outlook['internal']): void {
    if (internal === this.#internal) return
    this.#internal = internal
    this.#nodeOf = new Map([...internal].flatMap(([node, all]) => all.map((each) => [each, node])))
    this.#change({ kind: 'nodes', nodes: new Set(internal.keys()) }, performance.now())
    if (this.#keys !== undefined) this.#port.listenOn(internal.get(this.#options.node) ?? [])
    for (const node of this.#foreign) if (!internal.has(node)) this.#noteForeign(node, false)
  }

  /** Notes that this node did not listen since a time, so that nobody counts as dead for that. */
  late(since: number, now: number): void {
    this.#change({ kind: 'late', interval: this.#options.settings.interval, since }, now)
  }

  at(now: number): readonly Member[] {
    return membersAt(this.#members, now)
  }

  /** Returns when the next member counts as dead if nothing comes from it. */
  nextDeath(now: number): number {
    return nextDeath(this.#members, now) ?? Number.POSITIVE_INFINITY
  }

  /**
   * Makes a beat to each member that hands over to this node: it says what this node answers for once the
   * next change is committed. Returns what sends these beats. They list nothing, because who has offered
   * addresses foresees the claim; `send` follows with the list in any case.
   */
  claim(saying: Saying, transition: Transition, outlook: Outlook): () => void {
    const now = performance.now()
    const keys = this.#currentKeys(now)
    const givers = giversTo(transition)
    const beats = this.at(now).flatMap((member) => {
      if (keys === undefined || !givers.has(member.node)) return []
      const claims = claimsFor(member, transition, outlook.announcements, now)
      const beat = this.#beat(member.node, saying, transition, { digest: digestOf(claims) })
      return {
        to: outlook.internal.get(member.node),
        bytes: encodeBeat(beat, member.node, keys.signs),
      }
    })
    return () => {
      for (const { bytes, to = [] } of beats) this.#port.send(bytes, to)
    }
  }

  /** Sends a beat to each peer, with the list of claims where that is news or was asked for. */
  send(saying: Saying, transition: Transition, outlook: Outlook): void {
    const now = performance.now()
    this.#isAwaited = false
    const keys = this.#currentKeys(now)
    if (keys === undefined) return
    const { node } = this.#options
    const members = new Map(this.at(now).map((member) => [member.node, member]))
    const { announcements, internal } = outlook
    const peers = peersOf(node, transition.spots, announcements.values(), [...members.values()])
    for (const peer of peers) {
      const to = internal.get(peer) ?? []
      const receiver = members.get(peer)
      const claims = claimsFor(receiver ?? unheard(peer), transition, announcements, now)
      const digest = digestOf(claims)
      const isAsked = this.#members.known.get(peer)?.beat.wantsList === true
      const lists = isAsked || this.#told.get(peer) !== digest
      this.#told.set(peer, digest)
      for (const part of lists ? partsOf(claims) : [undefined]) {
        const beat = this.#beat(peer, saying, transition, { digest, part })
        this.#port.send(encodeBeat(beat, peer, keys.signs), to)
      }
      const foreseen = receiver && foreseenClaims(receiver, claims)
      if (foreseen !== undefined)
        this.#change({ kind: 'foreseen', node: peer, claims: foreseen }, now)
    }
  }

  /** Returns the next beat to a peer. */
  #beat(
    peer: string,
    { state, links }: Saying,
    { isSettled: settled }: Transition,
    { digest, part }: Pick<Beat, 'digest'> & Partial<Pick<Beat, 'part'>>,
  ): Beat {
    this.#sequence += 1
    return {
      ...{ node: this.#options.node, incarnation: this.#incarnation, sequence: this.#sequence },
      ...{ state, links: links.map(({ name, mac }) => ({ name, mac })), settled, digest, part },
      wantsList: lacksList(this.#members, peer),
    }
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
      if (sender !== undefined) this.#noteForeign(sender, true)
      return
    }
    if (beat.node === node || this.#internal?.has(beat.node) !== true) return
    this.#noteForeign(beat.node, false)
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

  /** Tells which Nodes send beats that cannot be believed. */
  #noteForeign(node: string, isForeign: boolean): void {
    if (this.#foreign.has(node) === isForeign) return
    if (isForeign) this.#foreign.add(node)
    else this.#foreign.delete(node)
    const nodes = [...this.#foreign].sort().join(', ')
    const reason = `beats of ${nodes} are signed with another key; the file of announce.layer2.members.keyFile has to be the same on all Nodes`
    this.#trouble('foreign-key')(nodes === '' ? undefined : reason)
  }

  #trouble(about: 'key' | 'port' | 'foreign-key'): (reason: string | undefined) => void {
    const { tell } = this.#options
    return (reason) => {
      if (reason === undefined) tell({ event: 'members-in-order', about })
      else tell({ event: 'members-problem', about, reason })
    }
  }
}

/** Returns what a turn looks at of what a member says. */
function says(known: ReturnType<Members['known']['get']>): string {
  if (known === undefined) return ''
  const { state, settled, wantsList, digest, links } = known.beat
  return JSON.stringify([state, settled, wantsList, digest, known.digest, links])
}
