import { dirname } from 'node:path'
import { eachChange } from '../watch/files/file-watchers.ts'

/** What a command reads in its configuration file. */
export interface Reading {
  /** The settings as text, or why they cannot be used: another text is a change. */
  readonly text: string
  /** Puts the settings in force, or reports why they cannot be used. */
  readonly use: () => void
}

/**
 * Returns what follows a configuration file, or the files of a folder, until its signal aborts, and
 * uses what is read there whenever that has changed; `former` is the text of the first reading. If
 * it is run again after an error, it goes on from the last reading. Without a file it resolves at
 * once.
 */
export function followConfig(
  file: string | undefined,
  { former, read }: { readonly former: string; readonly read: () => Reading },
): (signal: AbortSignal) => Promise<void> {
  if (file === undefined) return async () => undefined
  let known = former
  const look = (): void => {
    const { text, use } = read()
    if (text === known) return
    known = text
    use()
  }
  return (signal) => eachChange(() => configPlaces(file), look, signal)
}

/** Returns the folders that are watched: the one that the file is in, and the file if it is one. */
export function configPlaces(file: string): ReadonlySet<string> {
  return new Set([dirname(file), file])
}
