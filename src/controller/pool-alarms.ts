import type { Decision } from '../allocate/decide.ts'

type PoolUsage = Decision['usage'][number]

/** A pool that is nearly or wholly in use, and was not when it was looked at before. */
export interface PoolAlarm {
  readonly usage: PoolUsage
  readonly level: 'nearly-full' | 'full'
}

type Level = PoolAlarm['level'] | 'fine'

/** A level ends only when the usage is this many percent points below the mark where it begins. */
const MARGIN = 5

/**
 * Follows how full pools are and raises an alarm when one reaches a level. A Service that comes and
 * goes at the mark raises none again.
 */
export class PoolAlarms {
  readonly #levels: Map<string, Level> = new Map()

  /** Returns the alarms of pools that have reached a level; `nearlyFull` is in percent. */
  raise(usages: readonly PoolUsage[], nearlyFull: number): readonly PoolAlarm[] {
    const known = new Set<string>()
    const alarms: PoolAlarm[] = []
    for (const usage of usages) {
      const key = `${usage.family} ${usage.pool}`
      known.add(key)
      const before = this.#levels.get(key) ?? 'fine'
      const level = levelOf(usage, nearlyFull, before)
      this.#levels.set(key, level)
      if (level !== 'fine' && rankOf(level) > rankOf(before)) alarms.push({ usage, level })
    }
    for (const key of [...this.#levels.keys()]) if (!known.has(key)) this.#levels.delete(key)
    return alarms
  }
}

function levelOf({ size, held }: PoolUsage, nearlyFull: number, before: Level): Level {
  if (size === 0n) return 'fine'
  // Whole numbers, because a pool of IPv6 has more addresses than a number can distinguish.
  const reaches = (percent: number): boolean => BigInt(held) * 100n >= size * BigInt(percent)
  if (reaches(100) || (before === 'full' && reaches(100 - MARGIN))) return 'full'
  const mark = before === 'fine' ? nearlyFull : Math.max(0, nearlyFull - MARGIN)
  return reaches(mark) ? 'nearly-full' : 'fine'
}

const RANKS: readonly Level[] = ['fine', 'nearly-full', 'full']

function rankOf(level: Level): number {
  return RANKS.indexOf(level)
}
