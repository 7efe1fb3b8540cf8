import type { ListenOptions, Server } from 'node:net'
import type { RetryWaits } from './retry.ts'

export type ListenState =
  | { readonly kind: 'listening' }
  /** The attempt failed; the next one follows after `retryMs` milliseconds. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly retryMs: number }

interface KeepListening {
  /** The place to listen on: a TCP port or a path. */
  readonly at: ListenOptions
  readonly onState: (state: ListenState) => void
  /** The umask for the socket file at a path. */
  readonly umask?: number
  /**
   * Removes what is in the way after an error; resolves with true if the next attempt can follow at
   * once.
   */
  readonly clear?: (code: string) => Promise<boolean>
  /** The waits before further attempts. */
  readonly waits: Pick<RetryWaits, 'next'>
}

/**
 * Listens, and tries again after each failure. Returns a function that ends the attempts; it does
 * not close a server that listens.
 */
export function keepListening(server: Server, options: KeepListening): () => void {
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const listen = (): void => {
    if (ended) return
    const mask = options.umask === undefined ? undefined : process.umask(options.umask)
    server.listen(options.at)
    // A path is bound within the call, so the umask can be restored.
    if (mask !== undefined) process.umask(mask)
  }
  const waitFor = (error: NodeJS.ErrnoException): void => {
    if (ended) return
    const retryMs = options.waits.next()
    options.onState({ kind: 'waiting', reason: listenFailure(error), retryMs })
    timer = setTimeout(listen, retryMs)
  }
  server.on('listening', () => {
    // Listening on a host begins some time after the call, perhaps after the end.
    if (ended) server.close()
    else options.onState({ kind: 'listening' })
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    // There was no file descriptor for one connection; the server goes on.
    if (ended || server.listening) return
    const clearing = options.clear?.(error.code ?? '') ?? Promise.resolve(false)
    clearing.then(
      (cleared) => (cleared ? listen() : waitFor(error)),
      () => waitFor(error),
    )
  })
  listen()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

/** Returns in words why a port or a path cannot be listened on. */
export function listenFailure({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process uses it (EADDRINUSE)'
    case 'EADDRNOTAVAIL':
      return 'no interface of this node has the address (EADDRNOTAVAIL)'
    case 'EACCES':
      return 'not permitted (EACCES)'
    default:
      return message
  }
}
