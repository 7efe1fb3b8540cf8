import { describe } from '../decode/problem.ts'
import { unreachable } from '../model/unreachable.ts'
import type { ApiClient, StreamEnding } from './api/client.ts'
import { readWatchEvent, type WatchEvent } from './watch-event.ts'

/** An event after which everything up to its version is known. */
export type Progress = Extract<WatchEvent, { readonly resourceVersion: string }>

interface Watching {
  readonly path: string
  readonly signal: AbortSignal
  /** The silence that ends the watch, in milliseconds. */
  readonly silence: number
  readonly onOpen: () => void
  readonly onEvent: (event: Progress) => void
}

/** The way a watch ended. */
type WatchEnd =
  | Exclude<StreamEnding, { readonly kind: 'garbage' }>
  /**
   * The server reported an error, or sent something that is no event: changes since then are
   * unknown.
   */
  | { readonly kind: 'lost-track'; readonly reason: string }

/**
 * Starts a watch and passes its events to `onEvent` until it ends, at the latest at the first that
 * is an error or no event. Returns how it ended; never rejects.
 */
export async function watch(client: ApiClient, watching: Watching): Promise<WatchEnd> {
  const { path, signal, silence, onOpen, onEvent } = watching
  let lost: WatchEnd | undefined
  const take = (text: string): boolean => {
    if (signal.aborted) return false
    const event = readWatchEvent(text)
    switch (event.kind) {
      case 'garbage':
        lost = { kind: 'lost-track', reason: `no event: ${event.found}` }
        return false
      case 'error':
        lost = { kind: 'lost-track', reason: `${event.code}: ${event.message}` }
        return false
      case 'object':
      case 'deleted':
      case 'bookmark':
        onEvent(event)
        return true
      default:
        return unreachable(event)
    }
  }
  const ending = await client.stream({
    path,
    signal,
    long: false,
    onOpen,
    parts: { onObject: take },
    silenceMs: () => silence,
  })
  if (lost !== undefined) return lost
  if (ending.kind !== 'garbage') return ending
  return { kind: 'lost-track', reason: `no event: ${describe(ending.found)}` }
}
