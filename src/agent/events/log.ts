import { pino } from 'pino'
import { SyncOutput } from '../../telemetry/sync-output.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Level, Occurrence } from './occurrence.ts'

/** How long a process that ends waits for the reader of its last lines, in milliseconds. */
const LAST_LINES_MS = 500

export interface Log {
  write(occurrence: Occurrence): void
  /** Writes the waiting lines, before the process ends. */
  flush(): void
  linesLost(): number
}

/**
 * Returns a log that writes one JSON object per line: `time` (RFC 3339), `level`, `event`, its
 * fields, and `msg` for people.
 */
export function openLog(level: Level, output: SyncOutput = standardOutput()): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  )
  let told = 0
  const write = (occurrence: Occurrence): void => {
    const { level, says } = CATALOGUE[occurrence.event]
    logger[level](occurrence, says)
  }
  return {
    write(occurrence) {
      const lost = output.lost
      write(occurrence)
      // The loss is logged when lines can be written again, not with every line that is lost.
      if (lost === told || output.lost !== lost) return
      const lines = lost - told
      told = lost
      write({ event: 'log-lines-lost', lines })
    },
    flush: () => output.flush(),
    linesLost: () => output.lost,
  }
}

/**
 * Opens standard output. Node.js makes a pipe non-blocking when its stream is first used: a reader
 * that has stopped delays only the end of the process, and not for long.
 */
function standardOutput(): SyncOutput {
  const output = new SyncOutput(process.stdout.fd)
  process.once('exit', () => output.drain(LAST_LINES_MS))
  return output
}
