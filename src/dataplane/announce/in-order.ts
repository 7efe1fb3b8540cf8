/** Runs one task after another, whether or not the one before failed. */
export class InOrder {
  #last: Promise<unknown> = Promise.resolve()

  /** Returns what the task gives; rejects as the task does. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => undefined)
    return result
  }
}
