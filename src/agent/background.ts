import { setTimeout as pause } from 'node:timers/promises'
import { type RetryPolicy, Waits } from '../model/retry.ts'

/** Gets the error of a task that runs in the background. */
export type OnFailure = (error: unknown) => void

/**
 * Starts a task in the background. An error that it throws is passed to `onFailure` and ends
 * nothing else.
 */
export function inBackground(task: () => Promise<void>, onFailure: OnFailure): void {
  task().catch(onFailure)
}

/** There is jitter because an object that causes a failure does so on all nodes at once. */
const RESTART: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }

/**
 * Runs a task that should go on until `signal` aborts. If it throws, which is always unexpected,
 * the error is passed to `onFailure`, the task's own signal is aborted, and it is run again after a
 * growing wait of at most 60 s. Never rejects.
 */
export async function keepRunning(
  task: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  onFailure: OnFailure,
): Promise<void> {
  const waits = new Waits(RESTART)
  while (!signal.aborted) {
    const began = performance.now()
    const own = new AbortController()
    try {
      return await task(AbortSignal.any([signal, own.signal]))
    } catch (error) {
      own.abort()
      onFailure(error)
    }
    if (performance.now() - began > RESTART.most) waits.reset()
    await pause(waits.next(), undefined, { signal }).catch(() => undefined)
  }
}
