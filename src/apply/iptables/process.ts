// The only file that starts the programs of iptables.

import { type ChildProcess, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { withRemedy } from '../no-descriptors.ts'

interface ProgramCall {
  /** The absolute path of the program. */
  readonly file: string
  readonly args: readonly string[]
  /** Standard input, sent piece by piece as the program reads it. */
  readonly input?: readonly string[]
  /** Called for each line of standard output; without it, standard output is not read. */
  readonly onLine?: (line: string) => void
  /** Milliseconds after which the program is stopped. */
  readonly timeLimit?: number
  readonly signal?: AbortSignal | undefined
}

export type Ended =
  | { readonly kind: 'exited'; readonly code: number; readonly stderr: string }
  /**
   * Stopped by its time limit, by the caller or by another process; `why` may be a signal or a
   * reason.
   */
  | { readonly kind: 'stopped'; readonly why: 'time-limit' | 'cancelled' | string }
  | { readonly kind: 'not-started'; readonly reason: string }

const TIME_LIMIT = 60_000
/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 1_000
/** Characters of standard error that are kept: one refused load can print 100,000 lines. */
const STDERR_LIMIT = 64 << 10
/** The caller's environment is not passed on; modprobe is found through PATH. */
const ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

/**
 * Runs a program until it ends; never rejects. Where the process has no file descriptors left,
 * Node.js emits `error` on a child without streams (child_process.js of Node.js 20, `EMFILE`), so
 * the streams are optional here.
 */
export function runProgram(call: ProgramCall): Promise<Ended> {
  const { signal } = call
  if (signal?.aborted) return Promise.resolve({ kind: 'stopped', why: 'cancelled' })
  const child = start(call)
  if (child instanceof Error) return Promise.resolve(notStarted(child))
  return new Promise((resolve) => {
    const { input, onLine } = call
    const stop = stopper(child)
    const stderr = keep(child.stderr)
    const cancel = (): void => stop.because('cancelled')
    const limit = setTimeout(() => stop.because('time-limit'), call.timeLimit ?? TIME_LIMIT)
    signal?.addEventListener('abort', cancel)
    const end = (ended: Ended): void => {
      clearTimeout(limit)
      stop.over()
      signal?.removeEventListener('abort', cancel)
      resolve(ended)
    }
    child.once('error', (error) => end(notStarted(error)))
    child.once('close', (code, by) => {
      const why = stop.reason() ?? by
      if (why !== null) end({ kind: 'stopped', why })
      else end({ kind: 'exited', code: code ?? 0, stderr: stderr() })
    })
    if (input !== undefined) feed(child, input)
    if (onLine !== undefined) splitLines(child, onLine, (reason) => stop.because(reason))
  })
}

/** Most failures come as an event, but some errors, such as ENOMEM, are thrown. */
function start({ file, args, input, onLine }: ProgramCall): ChildProcess | Error {
  try {
    return spawn(file, args, {
      stdio: [input ? 'pipe' : 'ignore', onLine ? 'pipe' : 'ignore', 'pipe'],
      env: ENVIRONMENT,
      cwd: '/',
    })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function notStarted({ message }: Error): Ended {
  return { kind: 'not-started', reason: withRemedy(message) }
}

interface Stopper {
  because(reason: string): void
  /** Why the program was stopped; undefined if it was not. */
  reason(): string | undefined
  over(): void
}

/**
 * Sends SIGTERM, then SIGKILL, and closes the streams, which children of the program may hold for
 * longer.
 */
function stopper(child: ChildProcess): Stopper {
  let reason: string | undefined
  let timer: NodeJS.Timeout | undefined
  const kill = (): void => {
    child.kill('SIGKILL')
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  return {
    because(why) {
      if (reason !== undefined) return
      reason = why
      child.kill('SIGTERM')
      timer = setTimeout(kill, GRACE)
    },
    reason: () => reason,
    over: () => clearTimeout(timer),
  }
}

/** Ignores that a program stops reading early; its exit code gives the reason. */
function feed(child: ChildProcess, input: readonly string[]): void {
  if (!child.stdin) return
  child.stdin.on('error', () => undefined)
  Readable.from(input).pipe(child.stdin)
}

function keep(stream: Readable | null | undefined): () => string {
  let kept = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(0, STDERR_LIMIT)
  })
  return () => kept
}

/** A line that cannot be parsed ends the program, not the caller. */
function splitLines(
  { stdout }: ChildProcess,
  onLine: (line: string) => void,
  unreadable: (reason: string) => void,
): void {
  let rest = ''
  const take = (lines: readonly string[]): void => {
    try {
      for (const line of lines) onLine(line)
    } catch (error) {
      unreadable(`its output cannot be understood: ${error}`)
    }
  }
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    take(lines)
  })
  stdout?.on('end', () => {
    if (rest !== '') take([rest])
  })
}
