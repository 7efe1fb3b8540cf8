import type { Steps } from '../model/steps.ts'

/**
 * Milliseconds of work after which the event loop goes on. V8 uses each turn of it to collect what
 * is young, and 20 ms made a load of 10,000 Services a tenth slower.
 */
const SHARE = 50
/** Steps between two looks at the clock. */
const LOOK = 32

/**
 * Does long work, and lets the event loop go on between its steps, so that probes are answered and
 * events are handled. Short work is done at once.
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
