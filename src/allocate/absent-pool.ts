import type { AbsentPool } from './reason.ts'
import type { World } from './world.ts'

/** Returns why no pool of that name gives addresses. */
export function absentPool({ unread }: World, pool: string): AbsentPool {
  return { kind: unread.has(pool) ? 'pool-unread' : 'pool-unknown', pool }
}
