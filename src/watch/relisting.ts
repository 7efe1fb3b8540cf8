import { setMaxListeners } from 'node:events'

interface Relisting {
  /** Resolves after `signal` has aborted; rejects if the source does. */
  readonly ended: Promise<void>
  /** Has the source list everything anew. */
  readonly again: () => void
}

/** Runs a source until `signal` aborts; `again` ends it and has it begin anew. */
export function relisting(
  source: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Relisting {
  let round = new AbortController()
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      round = new AbortController()
      const either = AbortSignal.any([signal, round.signal])
      // Every kind that is followed waits for it, which Node.js would take for a leak.
      setMaxListeners(0, either)
      await source(either)
    }
  }
  return { ended: run(), again: () => round.abort() }
}
