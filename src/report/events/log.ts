import { jsonLogger, standardOutput } from '../../telemetry/json-log.ts'
import type { SyncOutput } from '../../telemetry/sync-output.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Level, Occurrence } from './occurrence.ts'

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
  const logger = jsonLogger(level, output)
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
