const LAST = 0xffffffff

/** The numbers by which answers are told apart; 0 is left to announcements. */
export class SequenceNumbers {
  #next = 1

  /** Returns the first of `count` numbers in a row. */
  reserve(count: number): number {
    if (this.#next + count > LAST) this.#next = 1
    const first = this.#next
    this.#next += count
    return first
  }
}
