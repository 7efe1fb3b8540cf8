import { setTimeout as pause } from 'node:timers/promises'

export interface Patience {
  /** Milliseconds after which it is too late. */
  readonly within?: number
  readonly every?: number
  /** What is said then. */
  readonly late?: () => string
}

/**
 * Asks again and again until the answer is true, where nothing announces the change. Rejects when it
 * is too late, and when asking fails. Where something does, a test waits with support/waiting.ts.
 */
export async function eventually(
  ask: () => boolean | Promise<boolean>,
  { within = 30_000, every = 20, late = () => `not within ${within} ms: ${ask}` }: Patience = {},
): Promise<void> {
  const deadline = performance.now() + within
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(late())
    await pause(every)
  }
}
