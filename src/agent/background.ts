import { setTimeout as pause } from 'node:timers/promises'

/** Hears of what a task threw that runs beside its caller. */
export type OnFailure = (error: unknown) => void

/** Starts a task that its caller does not wait for. What it throws is told, and ends nothing else. */
export function inBackground(task: () => Promise<void>, onFailure: OnFailure): void {
  task().catch(onFailure)
}

/** Milliseconds between a failure and the next run; doubled up to the last for failures in a row. */
const RESTART = { first: 1_000, last: 60_000 } as const

/**
 * Runs a task that is to go on until the signal is aborted. When it throws, which nobody foresaw, that
 * is told, its own signal is aborted, and it is run again after a while.
 */
export async function keepRunning(
  task: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  onFailure: OnFailure,
): Promise<void> {
  let wait: number = RESTART.first
  while (!signal.aborted) {
    const began = performance.now()
    const own = new AbortController()
    try {
      return await task(AbortSignal.any([signal, own.signal]))
    } catch (error) {
      own.abort()
      onFailure(error)
    }
    if (performance.now() - began > RESTART.last) wait = RESTART.first
    await pause(wait, undefined, { signal }).catch(() => undefined)
    wait = Math.min(RESTART.last, wait * 2)
  }
}
