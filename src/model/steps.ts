/** Work that can be done bit by bit, so that others have their turn between two bits. */
export type Steps<Result> = Generator<undefined, Result>

export function allAtOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
