import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Report, said } from '../../decode/problem.ts'
import { compareText } from '../../model/compare-text.ts'

/**
 * Returns the files that a path stands for: the path itself, or the manifests in a folder, sorted
 * by name. Entries that start with a dot are skipped, because a mounted ConfigMap keeps second
 * copies there. What cannot be read, and a folder without manifests, is reported.
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

/** Returns whether a path is neither a file nor a folder: a pipe, as a shell has it for `<(command)`, or a device. */
export function isPipe(path: string): boolean {
  try {
    const stats = statSync(path)
    return !stats.isFile() && !stats.isDirectory()
  } catch {
    return false
  }
}

/** Returns the text of a file; reports a problem and returns undefined if it cannot be read. */
export function readText(file: string, report: Report): string | undefined {
  return attempt(() => textIn(readFileSync(file)), report, 'a readable file')
}

const CHUNK_BYTES = 64 * 1024
const RETRY_MS = 5
const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4))

/**
 * Returns the text that comes on a descriptor until its end; throws if it cannot be read or is not
 * UTF-8. It waits for a slow writer even if another program has made the descriptor non-blocking.
 */
export function readToEnd(fd: number): string {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const read: Buffer[] = []
  for (;;) {
    try {
      const size = readSync(fd, chunk)
      if (size === 0) return textIn(Buffer.concat(read))
      read.push(Buffer.from(chunk.subarray(0, size)))
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error
      Atomics.wait(NOBODY_WAKES, 0, 0, RETRY_MS)
    }
  }
}

/**
 * Returns the text; throws if the bytes are not text in UTF-8. A zero byte means UTF-16, where
 * every other byte of plain text is zero.
 */
function textIn(bytes: Buffer): string {
  if (!isUtf8(bytes) || bytes.includes(0)) throw new Error('what is not text in UTF-8')
  return bytes.toString()
}

/** Returns what `read` returns; if it throws, reports the reason and returns undefined. */
export function attempt(read: () => string, report: Report, expected: string): string | undefined {
  try {
    return read()
  } catch (error) {
    report.error('', said(reasonOf(error)), expected)
    return undefined
  }
}

/**
 * Lists the manifests of a folder and its subfolders. An entry that cannot be read is reported and
 * hides no other. A link back to one of the folders around it (`inside`) is not followed.
 */
function manifestsIn(folder: string, report: Report, inside: readonly string[]): string[] {
  const here = realpathSync(folder)
  if (inside.includes(here)) return []
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'))
  return names.sort(compareText).flatMap((name) => {
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOENT') return 'no such file or folder'
  if (code === 'EACCES') return 'no permission to read'
  if (code === 'EISDIR') return 'a folder'
  if (code === 'ELOOP') return 'links that lead in a circle'
  if (code === 'ERR_STRING_TOO_LONG') return 'more than 512 MB'
  return error instanceof Error ? error.message : String(error)
}
