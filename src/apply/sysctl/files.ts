// The kernel's settings are files below /proc/sys and /sys: numbers in text.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

type ReadResult =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'unreadable'; readonly errno: string }

export type WriteResult =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly errno: string }

export function readNumber(file: string): ReadResult {
  try {
    const value = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isNaN(value) ? { kind: 'unreadable', errno: 'EBADMSG' } : { kind: 'value', value }
  } catch (error) {
    return { kind: 'unreadable', errno: errnoOf(error) }
  }
}

/** Never creates the file: a setting that the kernel does not have cannot be set. */
export function writeNumber(file: string, value: number): WriteResult {
  try {
    writeFileSync(file, `${value}\n`, { flag: 'r+' })
    return { kind: 'written' }
  } catch (error) {
    return { kind: 'refused', errno: errnoOf(error) }
  }
}

/** Where `net.ipv4.conf.eth0/100.arp_ignore` is: as in sysctl(8), dots and slashes change places. */
export function sysctlFile(root: string, name: string): string {
  return `${root}/proc/sys/${name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))}`
}

/** Empty where there is no such file, or it may not be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** None where there is no such folder. */
export function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
