import { setTimeout as pause } from 'node:timers/promises'
import { type RetryPolicy, Waits } from '../model/retry.ts'

/** Hears of what a task threw that runs beside its caller. */
export type OnFailure = (error: unknown) => void

/** Starts a task that its caller does not wait for. What it throws is told, and ends nothing else. */
export function inBackground(task: () => Promise<void>, onFailure: OnFailure): void {
  task().catch(onFailure)
}

/** With jitter, since an object that brings a failure about does so on all nodes at once. */
const RESTART: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }

/**
 * Runs a task that is to go on until the signal is aborted. When it throws, which nobody foresaw, that
 * is told, its own signal is aborted, and it is run again after a while.
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
