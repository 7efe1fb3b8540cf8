import { type BgpDecision, decideBgp } from '../../announce/bgp/decide.ts'
import { shuttingDown, withoutRoutes } from '../../announce/bgp/drain.ts'
import { withoutSecrets } from '../../announce/bgp/kept-secrets.ts'
import type { BgpPeer } from '../../announce/bgp/peer.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { AnnouncerNode } from '../../announce/objects.ts'
import type { BgpSettings } from '../../model/announce-settings.ts'
import { treeOf } from '../../render/bgp/frr-tree.ts'
import { leftOutOf } from '../../render/bgp/left-out.ts'
import type { Tree } from '../../ruleset/bgp/tree.ts'
import type { BgpObjectStore } from '../../watch/bgp-objects.ts'
import type { TellBgp } from './news.ts'

/** What the operator chose, as far as announcing by BGP depends on it. */
export interface BgpAnnouncingSettings extends BgpSettings {
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
}

interface DecisionsOptions {
  readonly node: string
  readonly settings: () => BgpAnnouncingSettings
  readonly store: () => BgpObjectStore
  readonly tell: TellBgp
  /** Gets everything that is wrong with objects, each time that they were looked at. */
  readonly judged: (problems: readonly AnnounceProblem[]) => void
}

/** What is to be announced now. */
export interface BgpOutlook {
  readonly decision: BgpDecision
  readonly tree: Tree
  readonly problems: readonly AnnounceProblem[]
  /** Milliseconds after which it is to be decided anew, because a grace ends. */
  readonly again: number | undefined
  /** Whether the routes are to go, or are gone, because the Node or its agent is about to. */
  readonly isDrained: boolean
  /** Why nothing is announced any more after this; undefined if it goes on. */
  readonly left: string | undefined
  /** Whether all that is nodelb's is to go, sessions and all. */
  readonly isRemoved: boolean
  readonly node: AnnouncerNode
  /** The BGPPeers that the decision is about, as they came. */
  readonly configured: readonly BgpPeer[]
}

/** How announcing ends: sessions without routes, or nothing of ours in FRR. */
type Ending = 'withdraw' | 'remove'

/** Why the routes are to go. */
interface Drain {
  readonly reason: string
  /** When their grace ends, by the monotonic clock. */
  readonly until: number
  readonly ending?: Ending
  isTold: boolean
}

/** Decides what is announced, and lets routes that are to go say so before. */
export class Decisions {
  readonly #options: DecisionsOptions
  #former: BgpDecision | undefined
  #cordon: Drain | undefined
  #leaving: (Drain & { readonly ending: Ending }) | undefined

  constructor(options: DecisionsOptions) {
    this.#options = options
  }

  /** Has everything withdrawn after the grace. */
  leave(reason: string, ending: Ending): void {
    const until = performance.now() + this.#options.settings().drain.grace
    this.#leaving ??= { reason, until, ending, isTold: false }
  }

  /** Forgets that everything was to be withdrawn. */
  stay(): void {
    this.#leaving = undefined
  }

  /** Returns what is to be announced; undefined as long as this Node or other objects are not known. */
  next(): BgpOutlook | undefined {
    const { node: name, store } = this.#options
    const node = store().complete() ? store().node(name) : undefined
    if (node === undefined) return undefined
    this.#watchCordon(node)
    const drain = this.#leaving ?? this.#cordon
    const left = timeLeft(drain)
    // What a cordon has taken back does not come again because the agent is about to end.
    const decided = this.#decide(node, timeLeft(this.#cordon) > 0)
    const decision = drained(decided, left, this.#leaving)
    this.#former = decision
    if (drain !== undefined) this.#tell(drain, left)
    const ending = left > 0 ? undefined : this.#leaving?.ending
    const { tree, problems } = outlookOf(decision, ending)
    this.#options.judged([...store().unread(), ...problems])
    return {
      ...{ decision, tree, problems: [...store().problems(), ...problems] },
      again: left > 0 ? left : undefined,
      isDrained: drain !== undefined,
      left: left > 0 ? undefined : this.#leaving?.reason,
      isRemoved: ending === 'remove',
      ...{ node, configured: store().objects().peers },
    }
  }

  /** A Node that was cordoned before this process began has had its grace. */
  #watchCordon({ cordoned }: AnnouncerNode): void {
    const { drain } = this.#options.settings()
    if (!cordoned || drain.cordoned !== 'withdraw') this.#cordon = undefined
    else if (this.#cordon === undefined) {
      const began = this.#former === undefined ? Number.NEGATIVE_INFINITY : performance.now()
      const until = began + drain.grace
      this.#cordon = { reason: 'the Node is cordoned', until, isTold: false }
    }
  }

  #decide(node: AnnouncerNode, isCordonNew: boolean): BgpDecision {
    const { store, settings } = this.#options
    const { drain, ...rest } = settings()
    const cordoned = isCordonNew ? 'ignore' : drain.cordoned
    const found = store().objects()
    // frr-k8s reads the Secrets itself.
    const objects = rest.engine === 'frr-k8s' ? withoutSecrets(found) : found
    return decideBgp(objects, node, { ...rest, drain: { cordoned } }, this.#former)
  }

  #tell(drain: Drain, left: number): void {
    const { reason } = drain
    if (left > 0 && !drain.isTold) {
      this.#options.tell({ event: 'bgp-draining', reason, graceMs: Math.round(left) })
    }
    drain.isTold = true
  }
}

function timeLeft(drain: Drain | undefined): number {
  return drain === undefined ? 0 : Math.max(0, drain.until - performance.now())
}

function drained(decided: BgpDecision, left: number, leaving: Drain | undefined): BgpDecision {
  if (left > 0) return shuttingDown(decided)
  return leaving === undefined ? decided : withoutRoutes(decided)
}

function outlookOf(
  decision: BgpDecision,
  ending: Ending | undefined,
): Pick<BgpOutlook, 'tree' | 'problems'> {
  const { peers, problems } = decision
  const nothing = { ...decision, asns: new Map(), peers: [], bfdProfiles: [], routes: [] }
  const tree = treeOf(ending === 'remove' ? nothing : decision)
  return { tree, problems: [...problems, ...leftOutOf(peers)] }
}
