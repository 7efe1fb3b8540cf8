import { unreachable } from '../../model/unreachable.ts'
import { readNumber, sysctlFile, writeNumber } from './files.ts'
import type { SavedPlace } from './saved.ts'
import { readSaved, type SavedSysctl, writeSaved } from './state-file.ts'

type Restored =
  | { readonly kind: 'restored'; readonly name: string; readonly from: number; readonly to: number }
  /**
   * The value is not the one that nodelb set: it was changed since, or has already been put back.
   */
  | { readonly kind: 'left'; readonly name: string; readonly value: number }
  /** The interface or module of the setting is gone. */
  | { readonly kind: 'gone'; readonly name: string }
  | {
      readonly kind: 'not-restored'
      readonly name: string
      readonly wanted: number
      readonly errno: string
    }

type RestoreOutcome =
  | { readonly kind: 'restored'; readonly sysctls: readonly Restored[] }
  /** The file of former values cannot be read, or cannot be updated. */
  | { readonly kind: 'unusable'; readonly file: string; readonly errno: string }

/**
 * Puts the `chosen` settings back, the last one set first, and removes those that need no more
 * attempts from the file. Without a choice, all settings are put back.
 */
export function restoreSaved(
  { file, root = '' }: SavedPlace,
  chosen: (name: string) => boolean = () => true,
): RestoreOutcome {
  const saved = readSaved(file)
  if (saved.kind === 'unreadable') return { kind: 'unusable', file, errno: saved.errno }
  const mine = [...saved.sysctls].filter(([name]) => chosen(name))
  if (mine.length === 0) return { kind: 'restored', sysctls: [] }
  const sysctls = mine.reverse().map(([name, one]) => restore(name, one, root))
  const done = new Set(sysctls.flatMap((one) => (one.kind === 'not-restored' ? [] : [one.name])))
  const left = new Map([...saved.sysctls].filter(([name]) => !done.has(name)))
  const written = writeSaved(file, left)
  if (written.kind === 'refused') return { kind: 'unusable', file, errno: written.errno }
  return { kind: 'restored', sysctls }
}

/** Returns a line such as `net.ipv4.ip_forward: 1 -> 0, as it was before`. */
export function printRestored(outcome: Restored): string {
  switch (outcome.kind) {
    case 'restored':
      return `${outcome.name}: ${outcome.from} -> ${outcome.to}, as it was before`
    case 'left':
      return `${outcome.name}: ${outcome.value}, not what nodelb set; left as it is`
    case 'gone':
      return `${outcome.name}: no longer there`
    case 'not-restored': {
      const { name, wanted, errno } = outcome
      return `${name}: not put back (${errno}); run on the node: sysctl -w ${name}=${wanted}`
    }
    default:
      return unreachable(outcome)
  }
}

function restore(name: string, { before, set }: SavedSysctl, root: string): Restored {
  const path = sysctlFile(root, name)
  const read = readNumber(path)
  if (read.kind === 'unreadable') {
    if (read.errno === 'ENOENT') return { kind: 'gone', name }
    return { kind: 'not-restored', name, wanted: before, errno: read.errno }
  }
  if (read.value !== set) return { kind: 'left', name, value: read.value }
  const written = writeNumber(path, before)
  if (written.kind === 'written') return { kind: 'restored', name, from: set, to: before }
  return { kind: 'not-restored', name, wanted: before, errno: written.errno }
}
