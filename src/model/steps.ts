/** Work that is done in parts, so that other work can run between two parts. */
export type Steps<Result> = Generator<undefined, Result>

/** Does all the work at once and returns its result. */
export function allAtOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
