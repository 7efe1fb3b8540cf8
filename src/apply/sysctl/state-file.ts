// The values that settings had before nodelb changed them, in a file of its own, for `nodelb
// cleanup`.

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { errnoOf, type WriteResult } from './files.ts'

/** The value of one setting before nodelb changed it, and the value that nodelb set. */
export interface SavedSysctl {
  readonly before: number
  readonly set: number
}

/** Saved settings by name, in the order in which they were set. */
export type SavedSysctls = ReadonlyMap<string, SavedSysctl>

type SavedReading =
  | { readonly kind: 'read'; readonly sysctls: SavedSysctls }
  /** The errno is EBADMSG where the content is not what nodelb writes. */
  | { readonly kind: 'unreadable'; readonly errno: string }

/** Reads the saved settings; a file that does not exist holds none. */
export function readSaved(file: string): SavedReading {
  try {
    const sysctls = parse(readFileSync(file, 'utf8'))
    return sysctls ? { kind: 'read', sysctls } : { kind: 'unreadable', errno: 'EBADMSG' }
  } catch (error) {
    const errno = errnoOf(error)
    return errno === 'ENOENT' ? { kind: 'read', sysctls: new Map() } : { kind: 'unreadable', errno }
  }
}

/**
 * Writes the file durably, or removes it if there is nothing to save. Whatever happens, the file
 * holds either all of the former content or all of the new one.
 */
export function writeSaved(file: string, sysctls: SavedSysctls): WriteResult {
  const draft = `${file}.new`
  try {
    if (sysctls.size === 0) {
      rmSync(file, { force: true })
      return { kind: 'written' }
    }
    mkdirSync(file.replace(/[^/]*$/, '') || '.', { recursive: true })
    writeDurably(draft, `${JSON.stringify({ sysctls: Object.fromEntries(sysctls) }, null, 2)}\n`)
    renameSync(draft, file)
    return { kind: 'written' }
  } catch (error) {
    discard(draft)
    return { kind: 'refused', errno: errnoOf(error) }
  }
}

function writeDurably(file: string, text: string): void {
  const descriptor = openSync(file, 'w', 0o644)
  try {
    const bytes = Buffer.from(text)
    let written = 0
    while (written < bytes.length) written += writeSync(descriptor, bytes, written)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true })
  } catch {
    // A folder that cannot be written to cannot have a file removed either.
  }
}

function parse(text: string): SavedSysctls | undefined {
  const found = asJson(text)
  if (!isRecord(found) || !isRecord(found['sysctls'])) return undefined
  const sysctls = new Map<string, SavedSysctl>()
  for (const [name, saved] of Object.entries(found['sysctls'])) {
    if (!isName(name) || !isRecord(saved)) return undefined
    const { before, set } = saved
    if (!Number.isInteger(before) || !Number.isInteger(set)) return undefined
    sysctls.set(name, { before: before as number, set: set as number })
  }
  return sysctls
}

/** Names become paths, and none may lead out of /proc/sys/net. */
function isName(name: string): boolean {
  return name.startsWith('net.') && !name.includes('//') && !name.includes('\0')
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
