/** Milliseconds since 1970. */
export type Time = number

/** Milliseconds by a clock that nobody sets (`performance.now`): what lasts is measured by it. */
export type Steady = number

/** The same moment by both clocks. */
export interface Moment {
  readonly now: Time
  readonly steady: Steady
}

/** Trouble that goes on. */
export interface Lasting {
  readonly since: Time
  readonly steadySince: Steady
  readonly reason: string
}

export function lasting({ now, steady }: Moment, reason: string): Lasting {
  return { since: now, steadySince: steady, reason }
}
