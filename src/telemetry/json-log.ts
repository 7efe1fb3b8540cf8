import { type Logger, pino } from 'pino'
import { SyncOutput } from './sync-output.ts'

/** How long a process that ends waits for the reader of its last lines, in milliseconds. */
const LAST_LINES_MS = 500

/** What is logged, from the least to the most important. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Returns a logger of one JSON object per line, with `time` (RFC 3339), `level` and `msg`. */
export function jsonLogger(level: LogLevel, output: SyncOutput): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  )
}

/**
 * Opens standard output. Node.js makes a pipe non-blocking when its stream is first used: a reader
 * that has stopped delays only the end of the process, by `withinMs` milliseconds at most.
 */
export function standardOutput(withinMs: number = LAST_LINES_MS): SyncOutput {
  const output = new SyncOutput(process.stdout.fd)
  process.once('exit', () => output.drain(withinMs))
  return output
}
