import type { Decision } from '../allocate/decide.ts'
import { type Problem, printProblem } from '../decode/problem.ts'
import { onceUntilGone } from './once-until-gone.ts'
import { type PoolAlarm, PoolAlarms } from './pool-alarms.ts'

/** What an Event reports of an IPAddressPool. */
export interface PoolNews {
  /** The name of the pool. */
  readonly pool: string
  /** Undefined where only the name is known. Of two pools of one name one alone gives addresses. */
  readonly namespace: string | undefined
  readonly reason: 'PoolNearlyFull' | 'PoolInvalid'
  readonly note: string
}

/** An IPAddressPool as problems name it, with its namespace where they were found in reading it. */
const POOL = /^IPAddressPool[ /](?:([^/]*)\/)?([^/]+)$/

/**
 * Works out what is reported of pools: that one gets full, and what is wrong with one. Each is
 * reported once, until it is gone.
 */
export class PoolEvents {
  readonly #tell: (news: PoolNews) => void
  readonly #alarms = new PoolAlarms()
  /** What could not be read of each pool, by `IPAddressPool namespace/name`. */
  readonly #unread: Map<string, readonly PoolNews[]> = new Map()
  /** Gets all that is wrong now, and reports what of it is new. */
  readonly #tellWrong: (news: readonly PoolNews[]) => void

  constructor(tell: (news: PoolNews) => void) {
    this.#tell = tell
    this.#tellWrong = onceUntilGone(
      ({ pool, namespace = '', note }) => `${namespace}/${pool} ${note}`,
      tell,
    )
  }

  /** Notes the problems that were found when an object was read, such as `IPAddressPool a/b`. */
  read(object: string, problems: readonly Problem[]): void {
    const news = problems.flatMap((problem) => invalid(object, printProblem(problem)))
    if (news.length === 0) this.#unread.delete(object)
    else this.#unread.set(object, news)
  }

  /** Tells what is new in a decision. Only the replica that leads may call it. */
  decided({ usage, problems }: Decision, nearlyFull: number): void {
    for (const alarm of this.#alarms.raise(usage, nearlyFull)) this.#tell(newsOf(alarm))
    const found = problems.flatMap(({ object, message, isUsage }) =>
      isUsage ? [] : invalid(object, message),
    )
    this.#tellWrong([...[...this.#unread.values()].flat(), ...found])
  }
}

/** Returns the news that something is wrong with an object; none if it is no pool. */
function invalid(object: string, note: string): readonly PoolNews[] {
  const [, namespace, pool] = POOL.exec(object) ?? []
  return pool === undefined ? [] : [{ pool, namespace, reason: 'PoolInvalid', note }]
}

function newsOf({ usage: { pool, family, size, held }, level }: PoolAlarm): PoolNews {
  const addresses = `${family === 'ipv4' ? 'IPv4' : 'IPv6'} addresses`
  const note =
    level === 'full'
      ? `No address is left: all ${size} ${addresses} are in use; add some, or give back some that are not needed`
      : `${held} of ${size} ${addresses} are in use; add some before none is left`
  return { pool, namespace: undefined, reason: 'PoolNearlyFull', note }
}
