import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again until the answer is true; throws after `within` milliseconds. */
export async function eventually(ask: () => Promise<boolean>, within = 30_000): Promise<void> {
  const deadline = performance.now() + within
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${ask}`)
    await pause(20)
  }
}
