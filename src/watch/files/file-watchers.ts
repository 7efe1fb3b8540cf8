import { type FSWatcher, watch } from 'node:fs'

/** Milliseconds from a change to the look: whoever writes a file often writes it in pieces. */
const SETTLE = 50
/** Milliseconds after which files are looked at even if nobody told of a change. */
const LOOK_AGAIN = 30_000

/** Calls `look` some time after anything changed in the places, until aborted. Rejects if it throws. */
export async function eachChange(
  places: () => ReadonlySet<string>,
  look: () => void,
  signal: AbortSignal,
): Promise<void> {
  const watchers = new Map<string, FSWatcher>()
  let soon: NodeJS.Timeout | undefined
  const changed = (): void => {
    soon ??= setTimeout(turn, SETTLE)
  }
  let fail: (error: unknown) => void = () => undefined
  const turn = (): void => {
    soon = undefined
    try {
      look()
      // Once more for what changed in a folder before it was watched.
      if (settleWatchers(watchers, places(), changed)) changed()
    } catch (error) {
      fail(error)
    }
  }
  const regular = setInterval(changed, LOOK_AGAIN)
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

/** True where a place is watched that was not before. */
function settleWatchers(
  watchers: Map<string, FSWatcher>,
  places: ReadonlySet<string>,
  changed: () => void,
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
      const watcher = watch(place, changed)
      watchers.set(place, watcher)
      more = true
      // A folder that goes away, or no more inotify watches: the regular look remains.
      watcher.on('error', () => {
        watcher.close()
        watchers.delete(place)
      })
    } catch {
      // As above.
    }
  }
  return more
}
