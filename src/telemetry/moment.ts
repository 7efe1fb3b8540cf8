/** Milliseconds since 1970. */
export type Time = number

/** Milliseconds by a monotonic clock (`performance.now`), which measures durations. */
export type Steady = number

/** One moment by both clocks. */
export interface Moment {
  readonly now: Time
  readonly steady: Steady
}

/** A problem that lasts, with its beginning and reason. */
export interface Lasting {
  readonly since: Time
  readonly steadySince: Steady
  readonly reason: string
}

/** Returns a problem that begins at this moment. */
export function lasting({ now, steady }: Moment, reason: string): Lasting {
  return { since: now, steadySince: steady, reason }
}

/** Returns the time with six digits of a second, as the API requires for Events. */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z')
}
