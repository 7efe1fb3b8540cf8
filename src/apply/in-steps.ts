import type { Steps } from '../model/steps.ts'

/** Milliseconds of work after which others have their turn. */
const SHARE = 20
/** Steps between two looks at the clock. */
const LOOK = 32

/**
 * Does work that takes long, and lets the event loop go on between its steps: probes are answered,
 * events are heard. Small work is done at once.
 */
export async function inSteps<Result>(steps: Steps<Result>): Promise<Result> {
  let until = performance.now() + SHARE
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done) return step.value
    if (count % LOOK !== 0 || performance.now() < until) continue
    await new Promise((resolve) => setImmediate(resolve))
    until = performance.now() + SHARE
  }
}
