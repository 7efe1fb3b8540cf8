import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openLog } from '../../src/report/events/log.ts'
import {
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from '../../src/report/telemetry.ts'
import { SyncOutput } from '../../src/telemetry/sync-output.ts'
import { noAnnouncing, noCounts } from '../support/no-announcing.ts'

export interface LoggedTelemetry {
  readonly telemetry: Telemetry
  /** The lines of its log so far. */
  logged(): readonly Readonly<Record<string, unknown>>[]
}

const none = { ipv4: 0, ipv6: 0 }
export const commit = { operations: 3, bytes: 200, durationMs: 4, compared: true } as const

/** Ends with the test. */
export function startTelemetryWithLog(more: Partial<TelemetryOptions> = {}): LoggedTelemetry {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-telemetry-'))
  const file = join(folder, 'log')
  const telemetry = startTelemetry({
    version: '1.2.3',
    node: 'node-a',
    view: {
      objects: () => ({ services: 3, endpointslices: 4 }),
      services: () => [],
      uid: () => undefined,
      healthChecks: () => 2,
      droppedPorts: () => ({ internal: none, external: none }),
      generation: async () => 17,
      affinity: async () => [],
      announce: noAnnouncing,
      ...noCounts,
    },
    log: openLog('debug', new SyncOutput(openSync(file, 'w'))),
    ...more,
  })
  onTestFinished(async () => {
    await telemetry.close()
    rmSync(folder, { recursive: true })
  })
  const logged = () => {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line))
  }
  return { telemetry, logged }
}
