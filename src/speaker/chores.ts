/** What can wait is put off for so many milliseconds at most. */
const LONGEST_MS = 200
/** It goes on for so many milliseconds before the loop looks at anything else. */
const SLICE_MS = 3

/**
 * What a speaker does besides deciding who answers, such as telling of hundreds of addresses: not while
 * addresses change hands, because two nodes answer meanwhile, and little by little, because another node may
 * wait for an answer.
 */
export class Chores {
  readonly #tasks: (() => void)[] = []
  #busySince: number | undefined

  add(task: () => void): void {
    this.#tasks.push(task)
  }

  /**
   * Does some of it in the order in which it was added, unless the speaker is busy, and `last` when nothing is
   * left. Returns after how many milliseconds it is to be called again; undefined if all is done.
   */
  next(isBusy: boolean, last: () => void): number | undefined {
    const began = performance.now()
    this.#busySince = isBusy ? (this.#busySince ?? began) : undefined
    const left = (this.#busySince ?? Number.NEGATIVE_INFINITY) + LONGEST_MS - began
    if (left > 0) return left
    while (this.#tasks.length > 0) {
      if (performance.now() - began >= SLICE_MS) return 0
      this.#tasks.shift()?.()
    }
    last()
    return undefined
  }

  /** Does all that is left. */
  finish(): void {
    for (const task of this.#tasks.splice(0)) task()
  }
}
