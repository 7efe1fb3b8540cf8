/** When what is due next, by the monotonic clock. */
export interface Due {
  /** To decide what is announced. */
  decide: number
  /** To bring FRR to it. */
  bring: number
  /** To compare it with all that FRR has, rather than with what FRR was last read to have. */
  compare: number
  /** To look at the sessions. */
  look: number
  /** To begin a new conversation. */
  renew: number
}

export const NEVER: number = Number.POSITIVE_INFINITY

/** Milliseconds from one full comparison to the next. */
const COMPARE_MS = 600_000
/** The same after a decision that gave nothing to do by what FRR was last read to have. */
const IDLE_MS = 1_000
/** What FRR refused is tried again after so many milliseconds, in a new conversation: bfdd may run by then. */
export const AGAIN_MS = 30_000

interface Brought {
  /** What could not be as wanted, because others configured it. */
  readonly problems: readonly string[]
  /** Whether all that FRR has was read. */
  readonly isRead: boolean
}

/** Sets when FRR is to be compared after it was brought to what is wanted. */
export function setComparison(due: Due, { problems, isRead }: Brought, now: number): void {
  // What others configured may be otherwise soon.
  const usual = now + (problems.length > 0 ? AGAIN_MS : COMPARE_MS)
  due.compare = isRead ? usual : Math.min(due.compare, now + IDLE_MS)
  due.bring = due.compare
}
