import { existsSync, type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds from a change until the files are read: a file is often written in pieces. */
const SETTLE = 50
/** The same where a file was moved into its place, which is whole. Those that are moved with it come at once. */
const MOVED = 10
/** Milliseconds after which files are read again even if no change was reported. */
const LOOK_AGAIN = 30_000

/**
 * Calls `look` at once, shortly after anything changes in the places, and every 30 s. Resolves when
 * `signal` aborts; rejects if `look` throws.
 */
export async function eachChange(
  places: () => ReadonlySet<string>,
  look: () => void,
  signal: AbortSignal,
): Promise<void> {
  const watchers = new Map<string, FSWatcher>()
  let soon: NodeJS.Timeout | undefined
  let began = 0
  let wait = 0
  const changed = (ms: number): void => {
    if (wait >= ms) return
    if (wait === 0) began = performance.now()
    wait = ms
    clearTimeout(soon)
    soon = setTimeout(turn, began + ms - performance.now())
  }
  let fail: (error: unknown) => void = () => undefined
  const turn = (): void => {
    wait = 0
    try {
      look()
      // A folder may have changed before it was watched, so it is read once more.
      if (settleWatchers(watchers, places(), changed)) changed(SETTLE)
    } catch (error) {
      fail(error)
    }
  }
  const regular = setInterval(() => changed(SETTLE), LOOK_AGAIN)
  try {
    await new Promise<void>((resolve, reject) => {
      fail = reject
      turn()
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    clearTimeout(soon)
    clearInterval(regular)
    for (const watcher of watchers.values()) watcher.close()
  }
}

/** Watches exactly these places; returns whether one is watched now that was not before. */
function settleWatchers(
  watchers: Map<string, FSWatcher>,
  places: ReadonlySet<string>,
  changed: (ms: number) => void,
): boolean {
  let more = false
  for (const [place, watcher] of watchers) {
    if (places.has(place)) continue
    watcher.close()
    watchers.delete(place)
  }
  for (const place of places) {
    if (watchers.has(place)) continue
    try {
      const watcher = watch(place, (event, name) => changed(waitFor(event, place, name)))
      watchers.set(place, watcher)
      more = true
      // The folder was removed, or inotify watches ran out: the regular look remains.
      watcher.on('error', () => {
        watcher.close()
        watchers.delete(place)
      })
    } catch {
      // The place cannot be watched: the regular look remains.
    }
  }
  return more
}

/**
 * Returns how long to wait after an event. A file that was created tells of itself in the same way as one that was
 * moved, but then of each piece that is written; one that has gone may come again.
 */
function waitFor(event: string, place: string, name: string | null): number {
  return event === 'rename' && name !== null && existsSync(join(place, name)) ? MOVED : SETTLE
}
