const LAST = 0xffffffff

/** Gives out the sequence numbers that tell answers apart; 0 is reserved for announcements. */
export class SequenceNumbers {
  #next = 1

  /** Returns the first of `count` consecutive numbers. */
  reserve(count: number): number {
    if (this.#next + count > LAST) this.#next = 1
    const first = this.#next
    this.#next += count
    return first
  }
}
