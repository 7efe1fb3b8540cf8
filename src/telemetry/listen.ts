import type { ListenOptions, Server } from 'node:net'
import type { RetryWaits } from './retry.ts'

export type ListenState =
  | { readonly kind: 'listening' }
  /** The next attempt comes by itself. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly retryMs: number }

interface KeepListening {
  /** Where to; TCP or a path. */
  readonly at: ListenOptions
  readonly onState: (state: ListenState) => void
  /** For the file that a path makes. */
  readonly umask?: number
  /** Whether the way could be cleared, so that there is nothing to wait for. */
  readonly clear?: (code: string) => Promise<boolean>
  /** For the attempts after those that failed. */
  readonly waits: Pick<RetryWaits, 'next'>
}

/** Listens, and tries again for as long as it takes; returns what ends the attempts. */
export function keepListening(server: Server, options: KeepListening): () => void {
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const listen = (): void => {
    if (ended) return
    const mask = options.umask === undefined ? undefined : process.umask(options.umask)
    server.listen(options.at)
    // A path is bound within the call.
    if (mask !== undefined) process.umask(mask)
  }
  const waitFor = (error: NodeJS.ErrnoException): void => {
    if (ended) return
    const retryMs = options.waits.next()
    options.onState({ kind: 'waiting', reason: listenFailure(error), retryMs })
    timer = setTimeout(listen, retryMs)
  }
  server.on('listening', () => {
    // A host is listened on some time after the call: it may be too late.
    if (ended) server.close()
    else options.onState({ kind: 'listening' })
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    // Out of descriptors for one connection: the server goes on.
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

/** Why a port or a path cannot be listened on, in words. */
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
