import { pino } from 'pino'
import { SyncOutput } from '../../telemetry/sync-output.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Level, Occurrence } from './occurrence.ts'

/** For so long a process that ends waits for the reader of its last lines. */
const LAST_LINES_MS = 500

export interface Log {
  write(occurrence: Occurrence): void
  /** Before the process ends. */
  flush(): void
  linesLost(): number
}

/** One JSON object per line: `time` (RFC 3339), `level`, `event`, its fields, `msg` for people. */
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
      // Told when lines get through again, not with every line that does not.
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
 * Node.js keeps a pipe from blocking from the moment on that its stream is asked for: a reader that
 * stopped holds up nothing but the end, and that not for long.
 */
function standardOutput(): SyncOutput {
  const output = new SyncOutput(process.stdout.fd)
  process.once('exit', () => output.drain(LAST_LINES_MS))
  return output
}
