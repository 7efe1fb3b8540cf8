import type { Tuple } from '../../model/tuple.ts'
import { SHARED_KINDS, type SharedKind } from './emit.ts'

/** The keys whose rules have to be made anew: frontends, and what Services share. */
export type Touched = Readonly<Record<'fronts' | SharedKind, Set<Tuple>>>

const KINDS = ['fronts', ...SHARED_KINDS] as const

/** Returns a collection without keys, to be filled. */
export function noTouched(): Touched {
  return { fronts: new Set(), clusterIps: new Set(), pods: new Set(), healthChecks: new Set() }
}

/** Adds the keys of `more`. */
export function addTouched(to: Touched, more: Touched): void {
  for (const kind of KINDS) for (const key of more[kind]) to[kind].add(key)
}
