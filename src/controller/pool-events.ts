import type { Decision } from '../allocate/decide.ts'
import { type Problem, printProblem } from '../decode/problem.ts'
import { onceUntilGone } from './once-until-gone.ts'
import { type PoolAlarm, PoolAlarms } from './pool-alarms.ts'

/** What is told of an IPAddressPool by an Event. */
export interface PoolNews {
  /** The name of the pool. */
  readonly pool: string
  readonly reason: 'PoolNearlyFull' | 'PoolInvalid'
  readonly note: string
}

/** An IPAddressPool as problems name it, with its namespace where they were found in reading it. */
const POOL = /^IPAddressPool[ /](?:[^/]*\/)?([^/]+)$/

/**
 * Works out what is told of pools: that one gets full, and what is wrong with one. Each is told once,
 * until it is gone.
 */
export class PoolEvents {
  readonly #tell: (news: PoolNews) => void
  readonly #alarms = new PoolAlarms()
  /** What could not be read of each pool, by its name. */
  readonly #unread: Map<string, readonly string[]> = new Map()
  /** Gets all that is wrong now, and tells of it what is new. */
  readonly #tellWrong: (news: readonly PoolNews[]) => void

  constructor(tell: (news: PoolNews) => void) {
    this.#tell = tell
    this.#tellWrong = onceUntilGone(({ pool, note }) => `${pool} ${note}`, tell)
  }

  /** Notes the problems that were found when an object was read, such as `IPAddressPool a/b`. */
  read(object: string, problems: readonly Problem[]): void {
    const pool = POOL.exec(object)?.[1]
    if (pool === undefined) return
    if (problems.length === 0) this.#unread.delete(pool)
    else this.#unread.set(pool, problems.map(printProblem))
  }

  /** Tells what is new in a decision. Only the replica that leads may call it. */
  decided({ usage, problems }: Decision, nearlyFull: number): void {
    for (const alarm of this.#alarms.raise(usage, nearlyFull)) this.#tell(newsOf(alarm))
    const unread = [...this.#unread].flatMap(([pool, notes]) => {
      return notes.map((note) => invalid(pool, note))
    })
    const found = problems.flatMap(({ object, message, isUsage }) => {
      const pool = isUsage ? undefined : POOL.exec(object)?.[1]
      return pool === undefined ? [] : invalid(pool, message)
    })
    this.#tellWrong([...unread, ...found])
  }
}

function invalid(pool: string, note: string): PoolNews {
  return { pool, reason: 'PoolInvalid', note }
}

function newsOf({ usage: { pool, family, size, held }, level }: PoolAlarm): PoolNews {
  const addresses = `${family === 'ipv4' ? 'IPv4' : 'IPv6'} addresses`
  const note =
    level === 'full'
      ? `No address is left: all ${size} ${addresses} are in use; add some, or give back some that are not needed`
      : `${held} of ${size} ${addresses} are in use; add some before none is left`
  return { pool, reason: 'PoolNearlyFull', note }
}
