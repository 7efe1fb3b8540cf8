/**
 * Calls `expire` once nothing has happened for `limit` milliseconds; returns a function that
 * cancels it. Answers that a busy event loop has not read yet do not count as silence.
 */
export function watchSilence(
  limit: number,
  activity: () => number,
  expire: () => void,
): () => void {
  let seen = activity()
  let stopped = false
  let timer = setTimeout(check, limit)
  function check(): void {
    afterPolling(() => {
      if (stopped) return
      if (activity() === seen) return expire()
      seen = activity()
      timer = setTimeout(check, limit)
    })
  }
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

/** Timers come before sockets in each turn of the event loop, so sockets get two turns. */
function afterPolling(then: () => void): void {
  setImmediate(() => setImmediate(then))
}
