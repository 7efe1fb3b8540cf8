import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Report, said } from '../../decode/problem.ts'

/**
 * The files a path stands for: itself, or the manifests of a folder in the order of their names.
 * Entries that start with a dot are skipped: a mounted ConfigMap keeps second copies there.
 */
export function filesAt(path: string, report: Report): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const files = manifestsIn(path, report, [])
    if (files.length === 0 && report.problems.length === 0) {
      report.error('', said('no .yaml, .yml or .json file'), 'a folder with at least one')
    }
    return files
  } catch (error) {
    report.error('', said(reasonOf(error)), 'a readable file or folder')
    return []
  }
}

export function readText(file: string, report: Report): string | undefined {
  return attempt(() => textIn(readFileSync(file)), report, 'a readable file')
}

/** Throws where it is no text in UTF-8; in UTF-16 every other byte of plain text is zero. */
export function textIn(bytes: Buffer): string {
  if (!isUtf8(bytes) || bytes.includes(0)) throw new Error('what is not text in UTF-8')
  return bytes.toString()
}

/** What `read` returns; undefined after saying why it failed. */
export function attempt(read: () => string, report: Report, expected: string): string | undefined {
  try {
    return read()
  } catch (error) {
    report.error('', said(reasonOf(error)), expected)
    return undefined
  }
}

/**
 * An entry that cannot be looked at hides no other. A link that leads back to one of the folders that
 * it stands in (`inside`) is not followed.
 */
function manifestsIn(folder: string, report: Report, inside: readonly string[]): string[] {
  const here = realpathSync(folder)
  if (inside.includes(here)) return []
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'))
  return names.sort(byCodeUnit).flatMap((name) => {
    const path = join(folder, name)
    try {
      const entry = statSync(path, { throwIfNoEntry: false })
      if (entry?.isDirectory()) return manifestsIn(path, report, [...inside, here])
      return entry?.isFile() && /\.(ya?ml|json)$/.test(name) ? [path] : []
    } catch (error) {
      report.error('', said(`${path}: ${reasonOf(error)}`), 'a readable file or folder')
      return []
    }
  })
}

/** The same order in every locale. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file or folder'
  if (code === 'EACCES') return 'no permission to read'
  if (code === 'EISDIR') return 'a folder'
  if (code === 'ELOOP') return 'links that lead in a circle'
  if (code === 'ERR_STRING_TOO_LONG') return 'more than 512 MB'
  return error instanceof Error ? error.message : String(error)
}
