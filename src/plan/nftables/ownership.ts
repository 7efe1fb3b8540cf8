import type { Steps } from '../../model/steps.ts'
import {
  type KernelRuleset,
  type KernelTable,
  type Ruleset,
  TABLE_FLAG,
} from '../../ruleset/nftables/types.ts'
import type { Operation, Plan, Step } from './operation.ts'
import { planInSteps } from './plan.ts'

/** Whether only the agent's socket may change the tables (ADR 0011), or any process may. */
export type Ownership = 'kernel' | 'none'

/**
 * The flags of a table that only one socket can change and that outlives that socket. OWNER is
 * never used alone: such a table vanishes with its process.
 */
export const OWNED: number = TABLE_FLAG.owner | TABLE_FLAG.persist

export interface OwnedPlan {
  /** Takes possession of tables whose owner is gone; changes no rule and no element. */
  readonly adoption: Plan
  readonly plan: Plan
}

/**
 * Plans as `plan` does, and sees to ownership. The kernel gives OWNER to a table that has PERSIST
 * and no owner, and changes these flags in no other way, so any other table is made anew in the
 * same transaction. `anew` asks for that whatever the tables are like.
 */
export function* planOwned(
  current: KernelRuleset,
  desired: Ruleset,
  ownership: Ownership,
  anew = false,
): Steps<OwnedPlan> {
  const adoption: Operation[] = []
  const steps: Step[] = []
  for (const family of ['ip', 'ip6'] as const) {
    const [found, wanted] = [current[family], desired[family]]
    const isRebuilt = found && wanted && (anew || !fits(found, ownership))
    if (isRebuilt) steps.push({ kind: 'delete-table', family })
    const planned = yield* planInSteps(
      found && !isRebuilt ? { [family]: found } : {},
      wanted ? { [family]: wanted } : {},
    )
    for (const step of planned) steps.push(step)
    const stays = found && wanted && !isRebuilt && planned[0]?.kind !== 'delete-table'
    if (stays && ownership === 'kernel' && found.owner === undefined) {
      adoption.push({ kind: 'add-table', family, flags: OWNED })
    }
  }
  return { adoption, plan: ownership === 'kernel' ? steps.map(owned) : steps }
}

function fits({ flags = 0, otherObjects = false }: KernelTable, ownership: Ownership): boolean {
  const wanted = ownership === 'kernel' ? TABLE_FLAG.persist : 0
  return !otherObjects && (flags & ~TABLE_FLAG.owner) === wanted
}

function owned(step: Step): Step {
  return step.kind === 'add-table' ? { ...step, flags: OWNED } : step
}
