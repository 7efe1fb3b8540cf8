import * as z from 'zod'
import type { SessionTimers } from '../../announce/bgp/decision.ts'
import { parseDuration } from '../duration.ts'
import type { FieldReader } from '../field-reader.ts'

/** The fields of a BGPPeer that are durations. */
interface TimerFields {
  readonly holdTime?: unknown
  readonly keepaliveTime?: unknown
  readonly connectTime?: unknown
}

const duration: z.ZodType<number | undefined> = z
  .custom<string>((value) => typeof value === 'string' && parseDuration(value) !== undefined, {
    error: 'a duration such as 90s',
  })
  .nullish()
  .transform((text) => parseDuration(text ?? ''))

/** Two bytes have room for no more (RFC 4271, 4.2). */
const MOST_SECONDS = 65_535

/**
 * Returns the hold time and the time between keepalives; undefined if neither is set. One alone gives
 * the other: a third, or three times as much. Fractions of a second are cut.
 */
export function readTimers(spec: TimerFields, reader: FieldReader): SessionTimers | undefined {
  const holdTime = reader.read(spec.holdTime, duration, 'spec.holdTime', undefined)
  const path = 'spec.keepaliveTime'
  const keepaliveTime = reader.read(spec.keepaliveTime, duration, path, undefined)
  const hold = holdTime ?? (keepaliveTime === undefined ? undefined : 3 * keepaliveTime)
  if (hold === undefined) return undefined
  const keepalive = keepaliveTime ?? hold / 3
  const refuse = (field: string, value: unknown, expected: string): void => {
    reader.report.error(`spec.${field}`, value, expected)
    reader.noteUnread()
  }
  if (hold !== 0 && (hold < 3 || hold > MOST_SECONDS)) {
    if (holdTime !== undefined) refuse('holdTime', spec.holdTime, '0s, or from 3s to 65535s')
    else refuse('keepaliveTime', spec.keepaliveTime, '0s, or from 1s to 21845s')
  } else if (keepalive > hold) {
    refuse('keepaliveTime', spec.keepaliveTime, `at most the holdTime, which is ${hold}s`)
  } else if (keepalive > 0 && keepalive < 1) {
    // Cut to zero it would mean that nothing is sent, and the peer would end the session.
    refuse('keepaliveTime', spec.keepaliveTime, '0s, or at least 1s')
  }
  return { hold: Math.floor(hold), keepalive: Math.floor(keepalive) }
}

/** Returns the seconds between attempts to connect; undefined if they are not set. */
export function readConnectTime(spec: TimerFields, reader: FieldReader): number | undefined {
  const path = 'spec.connectTime'
  const seconds = reader.read(spec.connectTime, duration, path, undefined)
  if (seconds === undefined) return undefined
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS) {
    reader.report.error(path, spec.connectTime, 'whole seconds from 1s to 65535s')
    reader.noteUnread()
  }
  return seconds
}
