import { compareText } from '../model/compare-text.ts'
import { compareAge } from '../model/service.ts'
import { serviceName } from '../model/service-name.ts'
import type { Claimant, Pool } from './world.ts'

/** What orders Services, whatever else is known of them. */
type Aged = Pick<Claimant, 'namespace' | 'name' | 'created'>

/** Orders Services by age, those of one age by `namespace/name`. */
export function byAge(a: Aged, b: Aged): number {
  return compareAge(a, b) || byName(a, b)
}

/** Orders Services by `namespace/name`. */
export function byName(a: Omit<Aged, 'created'>, b: Omit<Aged, 'created'>): number {
  return compareText(serviceName(a), serviceName(b))
}

/** Orders pools by age, those of one age by name. */
export function poolsByAge(a: Pool, b: Pool): number {
  return compareAge(a, b) || poolsByName(a, b)
}

/** Orders pools by name. */
export function poolsByName(a: Pool, b: Pool): number {
  return compareText(a.name, b.name)
}

/**
 * Orders pools by name, after their priority if they have one: the lower goes first, and 0, which
 * is the default, goes last.
 */
export function poolsByPriority(a: Pool, b: Pool): number {
  return rankOf(a) - rankOf(b) || poolsByName(a, b)
}

function rankOf({ audience }: Pool): number {
  const priority = audience?.priority ?? 0
  return priority === 0 ? Number.MAX_SAFE_INTEGER : priority
}
