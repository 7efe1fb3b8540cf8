import { slotOf } from '../../ruleset/bgp/lines.ts'
import { type Context, type Tree, withLines } from '../../ruleset/bgp/tree.ts'
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

/**
 * Returns what has to be done so that FRR, which is configured as found, is configured as wanted. With
 * `keeps` nothing is taken away: while a part of the input cannot be read, nobody knows what is not
 * wanted any more.
 */
export function differenceOf(
  found: Tree,
  wanted: Tree,
  ownership: Ownership,
  keeps: boolean = false,
): Difference {
  const own = ownership === 'whole' ? { found, wanted, problems: [] } : ownPart(found, wanted)
  const all = keeps ? joined(own.found, own.wanted) : own.wanted
  return { plan: planBgp(own.found, all), problems: own.problems }
}

/** Returns what is wanted, with all that is there besides. */
function joined(found: Tree, wanted: Tree): Tree {
  const kept = withLines(found, (context, lines) => {
    const slots = new Set([...(wanted.get(context) ?? [])].map(slotOf))
    return [...lines].filter((line) => !slots.has(slotOf(line)) && !isMoment(line))
  })
  const all = new Set([...kept.keys(), ...wanted.keys()])
  const join = (context: Context): [Context, ReadonlySet<string>] => {
    return [context, new Set([...(kept.get(context) ?? []), ...(wanted.get(context) ?? [])])]
  }
  return new Map([...all].map(join))
}

/** A new neighbour is shut down until it has its maps; who left it so did not come to the end. */
function isMoment(line: string): boolean {
  return /^neighbor \S+ shutdown$/.test(line)
}
