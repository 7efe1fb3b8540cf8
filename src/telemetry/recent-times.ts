import type { Steady } from './moment.ts'

const SLOT_MS = 300_000
const SLOTS = 12
/** Times are kept to a tenth: each bucket ends so many times as high as the one before it. */
const STEP = 1.1

/** How long things took in the last hour. */
interface Recent {
  readonly count: number
  /** So many milliseconds at most took 99 of 100, to a tenth; undefined if there was none. */
  readonly p99: number | undefined
}

interface Slot {
  readonly number: number
  /** How many there were, by bucket. */
  readonly counts: Map<number, number>
}

/** Knows how long things took in the last hour; how much it keeps does not depend on how many there were. */
export class RecentTimes {
  readonly #slots: Slot[] = []

  /** Notes that something took so many milliseconds. */
  add(ms: number, now: Steady): void {
    const { counts } = this.#slotAt(now)
    const bucket = ms <= 1 ? 0 : Math.ceil(Math.log(ms) / Math.log(STEP))
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }

  /** Returns what is known of the last hour. It goes by spans of five minutes, so its first minutes may be missing. */
  last(now: Steady): Recent {
    const oldest = Math.floor(now / SLOT_MS) - SLOTS
    const sums = new Map<number, number>()
    for (const { number, counts } of this.#slots) {
      if (number <= oldest) continue
      for (const [bucket, each] of counts) sums.set(bucket, (sums.get(bucket) ?? 0) + each)
    }
    const count = [...sums.values()].reduce((sum, each) => sum + each, 0)
    let below = 0
    for (const [bucket, each] of [...sums].sort(([a], [b]) => a - b)) {
      below += each
      if (below >= count * 0.99) return { count, p99: Math.round(STEP ** bucket) }
    }
    return { count, p99: undefined }
  }

  #slotAt(now: Steady): Slot {
    const number = Math.floor(now / SLOT_MS)
    const newest = this.#slots.at(-1)
    if (newest?.number === number) return newest
    const slot = { number, counts: new Map<number, number>() }
    this.#slots.push(slot)
    if (this.#slots.length > SLOTS) this.#slots.shift()
    return slot
  }
}
