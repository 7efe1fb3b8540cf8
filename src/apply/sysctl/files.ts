// The kernel's settings are files below /proc/sys and /sys: numbers in text.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

type ReadResult =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'unreadable'; readonly errno: string }

export type WriteResult =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly errno: string }

/** Reads the whole number that a file holds; `unreadable` with EBADMSG where it holds none. */
export function readNumber(file: string): ReadResult {
  try {
    const value = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isNaN(value) ? { kind: 'unreadable', errno: 'EBADMSG' } : { kind: 'value', value }
  } catch (error) {
    return { kind: 'unreadable', errno: errnoOf(error) }
  }
}

/**
 * Writes the number; never creates the file, since a setting that the kernel lacks cannot be set.
 */
export function writeNumber(file: string, value: number): WriteResult {
  try {
    writeFileSync(file, `${value}\n`, { flag: 'r+' })
    return { kind: 'written' }
  } catch (error) {
    return { kind: 'refused', errno: errnoOf(error) }
  }
}

/**
 * Returns the file of `net.ipv4.conf.eth0/100.arp_ignore`: dots and slashes are exchanged, as in
 * sysctl(8).
 */
export function sysctlFile(root: string, name: string): string {
  return `${root}/proc/sys/${name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))}`
}

/** Returns the empty string where the file does not exist or cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Returns an empty list where the folder does not exist or cannot be read. */
export function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Returns the error's code, such as `ENOENT`, or the error as text where it has none. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
