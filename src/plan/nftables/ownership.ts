import {
  type KernelRuleset,
  type KernelTable,
  type Ruleset,
  TABLE_FLAG,
} from '../../ruleset/nftables/types.ts'
import type { Operation, Plan, Step } from './operation.ts'
import { plan } from './plan.ts'

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
export function planOwned(
  current: KernelRuleset,
  desired: Ruleset,
  ownership: Ownership,
  anew = false,
): OwnedPlan {
  const adoption: Operation[] = []
  const operations = (['ip', 'ip6'] as const).flatMap((family): Plan => {
    const found = current[family]
    const wanted = desired[family]
    if (wanted === undefined) return plan(found ? { [family]: found } : {}, {})
    if (found === undefined) return plan({}, { [family]: wanted })
    if (anew || !fits(found, ownership)) {
      return [{ kind: 'delete-table', family }, ...plan({}, { [family]: wanted })]
    }
    const steps = plan({ [family]: found }, { [family]: wanted })
    const stays = steps[0]?.kind !== 'delete-table'
    if (ownership === 'kernel' && found.owner === undefined && stays) {
      adoption.push({ kind: 'add-table', family, flags: OWNED })
    }
    return steps
  })
  return { adoption, plan: ownership === 'kernel' ? operations.map(owned) : operations }
}

function fits({ flags = 0, otherObjects = false }: KernelTable, ownership: Ownership): boolean {
  const wanted = ownership === 'kernel' ? TABLE_FLAG.persist : 0
  return !otherObjects && (flags & ~TABLE_FLAG.owner) === wanted
}

function owned(step: Step): Step {
  return step.kind === 'add-table' ? { ...step, flags: OWNED } : step
}
