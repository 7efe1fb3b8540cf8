import type { Tree } from '../../ruleset/bgp/tree.ts'
import type { Plan } from './operation.ts'
import { ownPart } from './ownership.ts'
import { planBgp } from './plan.ts'

/** Whose the configuration of FRR is: nodelb's as a whole, or also that of others. */
export type Ownership = 'whole' | 'shared'

export interface Difference {
  readonly plan: Plan
  /** What is not planned because it would change what others configured, as sentences. */
  readonly problems: readonly string[]
}

/** Returns what has to be done so that FRR, which is configured as found, is configured as wanted. */
export function differenceOf(found: Tree, wanted: Tree, ownership: Ownership): Difference {
  if (ownership === 'whole') return { plan: planBgp(found, wanted), problems: [] }
  const own = ownPart(found, wanted)
  return { plan: planBgp(own.found, own.wanted), problems: own.problems }
}
