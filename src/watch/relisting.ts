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
      await source(AbortSignal.any([signal, round.signal]))
    }
  }
  return { ended: run(), again: () => round.abort() }
}
