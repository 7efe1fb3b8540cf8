import type { PoolUsage } from '../allocate/allocation.ts'
import { valueAt } from '../decode/fields.ts'

/** The status of an IPAddressPool, as MetalLB's controller writes it. */
type PoolCounters = Readonly<
  Record<'assignedIPv4' | 'assignedIPv6' | 'availableIPv4' | 'availableIPv6', number>
>

/** A status to write, with the pool as `namespace/name`. */
interface CountersWrite {
  readonly pool: string
  readonly counters: PoolCounters
}

/**
 * Returns the counters that differ from the statuses, which are given by `namespace/name`. A pool
 * that has a namesake in another namespace has no usage of its own and is left alone.
 */
export function countersToWrite(
  usage: readonly PoolUsage[],
  statuses: ReadonlyMap<string, unknown>,
): readonly CountersWrite[] {
  const nameOf = (pool: string): string => pool.slice(pool.indexOf('/') + 1)
  const names = [...statuses.keys()].map(nameOf)
  return [...statuses].flatMap(([pool, status]) => {
    const name = nameOf(pool)
    if (names.indexOf(name) !== names.lastIndexOf(name)) return []
    const counters = countersOf(usage.filter((each) => each.pool === name))
    const isRight = Object.entries(counters).every(([field, count]) => {
      return valueAt(status, [field]) === count
    })
    return isRight ? [] : [{ pool, counters }]
  })
}

function countersOf(usage: readonly PoolUsage[]): PoolCounters {
  const of = (family: PoolUsage['family']) => usage.find((each) => each.family === family)
  const [ipv4, ipv6] = [of('ipv4'), of('ipv6')]
  return {
    assignedIPv4: ipv4?.held ?? 0,
    assignedIPv6: ipv6?.held ?? 0,
    availableIPv4: available(ipv4),
    availableIPv6: available(ipv6),
  }
}

/** Returns how many addresses are free, at most 2^53: not every reader of JSON understands more. */
function available(usage: PoolUsage | undefined): number {
  if (usage === undefined) return 0
  const left = usage.size - BigInt(usage.held)
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(left < most ? left : most)
}
