/** Resolves with the name of the signal; a second one ends the process at once. */
export function untilSignal(stop?: AbortController): Promise<string> {
  const signals = ['SIGTERM', 'SIGINT'] as const
  return new Promise((resolve) => {
    const end = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.off(each, end)
      resolve(signal)
      stop?.abort()
    }
    for (const signal of signals) process.on(signal, end)
  })
}
