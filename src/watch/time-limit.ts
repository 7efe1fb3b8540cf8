import { setMaxListeners } from 'node:events'

/**
 * Runs a task with a signal that aborts when `signal` does, or after so many milliseconds. Returns what
 * the task returns, and rejects as it does: it has to heed the signal. AbortSignal.any of an
 * AbortSignal.timeout would say the same, but Node.js 20 forgets such a time limit with the next
 * collection of garbage (https://github.com/nodejs/node/issues/57736), and the task would never end.
 */
export async function withTimeLimit<Result>(
  ms: number,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limited = new AbortController()
  const end = (): void => limited.abort(signal.reason)
  const late = (): void => {
    limited.abort(new DOMException(`it took longer than ${ms / 1000} s`, 'TimeoutError'))
  }
  const timer = setTimeout(late, ms)
  if (signal.aborted) end()
  // Many tasks may wait for one signal, which Node.js would take for a leak.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', end)
  try {
    return await task(limited.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}
