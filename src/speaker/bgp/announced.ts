import { type AnnouncedAddress, announcedOf } from '../../announce/bgp/announced.ts'
import type { BgpDecision } from '../../announce/bgp/decide.ts'
import { sendsBy } from '../../ruleset/bgp/sends.ts'
import type { Tree } from '../../ruleset/bgp/tree.ts'
import { ServiceNews } from './service-news.ts'

/** FRR may start again for so many milliseconds before it counts as announcing nothing. */
const AWAY_MS = 10_000

interface Found {
  readonly before: Tree
  readonly now: Tree
  /** Whether nothing was taken away, so that FRR may have what is not decided any more. */
  readonly keeps: boolean
}

/** What FRR was last found to announce, which is not all that was wanted if it refused something. */
export class Announced {
  readonly #news: ServiceNews
  #all: readonly AnnouncedAddress[] = []
  /** Since when FRR cannot be asked, by the monotonic clock. */
  #awaySince: number | undefined

  constructor(listener: ConstructorParameters<typeof ServiceNews>[0]) {
    this.#news = new ServiceNews(listener)
  }

  get all(): readonly AnnouncedAddress[] {
    return this.#all
  }

  /** Takes how FRR was configured before it was told of a decision, and how it is now. */
  found({ before, now, keeps }: Found, decision: BgpDecision): void {
    this.#awaySince = undefined
    const sends = sendsBy(now)
    const decided = announcedOf(decision, sends)
    const known = new Set(decided.map(keyOf))
    const kept = this.#all.filter((each) => !known.has(keyOf(each)) && each.sent.some(sends))
    this.#all = keeps ? [...decided, ...kept] : decided
    this.#news.announced(this.#all, announcedOf(decision, sendsBy(before)))
  }

  /** Notes that FRR cannot be asked. */
  away(): void {
    const now = performance.now()
    this.#awaySince ??= now
    if (now - this.#awaySince < AWAY_MS || this.#all.length === 0) return
    this.#all = []
    this.#news.announced([])
  }
}

function keyOf({ service, address, peer }: AnnouncedAddress): string {
  return `${service} ${address} ${peer}`
}
