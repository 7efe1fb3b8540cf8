// The only file that starts processes.

import { Readable } from 'node:stream'
import { execa } from 'execa'

export interface ProgramCall {
  /** An absolute name. */
  readonly file: string
  readonly args: readonly string[]
  /** Standard input, sent piece by piece as the program takes it. */
  readonly input?: readonly string[]
  /** Called for each line of standard output; without it, nothing of it is read. */
  readonly onLine?: (line: string) => void
  /** Milliseconds after which the program is stopped. */
  readonly timeLimit?: number
  readonly signal?: AbortSignal | undefined
}

export type Ended =
  | { readonly kind: 'exited'; readonly code: number; readonly stderr: string }
  /** Stopped: its time was over, or the caller wanted it so, or somebody else did. */
  | { readonly kind: 'stopped'; readonly why: 'time-limit' | 'cancelled' | string }
  | { readonly kind: 'not-started'; readonly reason: string }

const TIME_LIMIT = 60_000
/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 1_000
/** What is kept of standard error, in characters: one refused load can say 100,000 lines. */
const STDERR_LIMIT = 64 << 10
/** Nothing of the caller's environment counts; modprobe is found through PATH. */
const ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

/** Never rejects. */
export async function runProgram(call: ProgramCall): Promise<Ended> {
  const { onLine, input, signal } = call
  const child = execa(call.file, call.args, {
    ...(input === undefined ? { stdin: 'ignore' } : { input: Readable.from(input) }),
    stdout: onLine === undefined ? 'ignore' : 'pipe',
    stderr: 'pipe',
    buffer: false,
    env: ENVIRONMENT,
    extendEnv: false,
    cwd: '/',
    reject: false,
    // With it, a signal to the agent would end it before it has ended what it does.
    cleanup: false,
    timeout: call.timeLimit ?? TIME_LIMIT,
    forceKillAfterDelay: GRACE,
    ...(signal !== undefined && { cancelSignal: signal }),
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_LIMIT)
  })
  if (onLine !== undefined) splitLines(child.stdout, onLine)
  const result = await child
  if (result.timedOut) return { kind: 'stopped', why: 'time-limit' }
  if (result.isCanceled) return { kind: 'stopped', why: 'cancelled' }
  if (result.exitCode !== undefined) return { kind: 'exited', code: result.exitCode, stderr }
  if (result.signal !== undefined) return { kind: 'stopped', why: result.signal }
  return { kind: 'not-started', reason: result.shortMessage ?? `${call.file} did not start` }
}

function splitLines(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  stream?.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
