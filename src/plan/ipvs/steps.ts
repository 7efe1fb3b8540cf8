import { type Tuple, withoutLastFields } from '../../model/tuple.ts'
import { SETS, setsOf } from '../../ruleset/nftables/sets.ts'
import { elementId } from '../nftables/element-id.ts'
import type { Operation, Plan, Step } from '../nftables/operation.ts'

/**
 * The table's plan in two transactions, with ipvs' own changes in between. The table gains first,
 * so that it knows a server before the kernel has it, and loses last, so that what still runs is
 * still guarded, masqueraded and known to be nodelb's.
 */
interface SplitPlan {
  readonly before: Plan
  readonly after: Plan
}

/** Splits the plan of the table into what precedes the changes of ipvs and what follows them. */
export function aroundIpvs(plan: Plan): SplitPlan {
  // A table that is made anew cannot be split.
  const anew = new Set(plan.flatMap((step) => (step.kind === 'add-table' ? [step.family] : [])))
  const leaving = new Set(plan.flatMap(leavingServer))
  const changed = new Set(plan.flatMap((step) => (step.kind === 'add-element' ? [idOf(step)] : [])))
  const waits = (step: Step): boolean => {
    if (anew.has(step.family)) return false
    switch (step.kind) {
      case 'delete-element':
        if (changed.has(idOf(step))) return false
        // Ranges that change may overlap, so both changes belong in one transaction.
        if (step.set.name === SETS.allowedSources) return leaving.has(serverOf(step.key))
        return step.set.interval !== true
      case 'delete-rule':
      case 'delete-chain':
      case 'delete-set':
      case 'delete-table':
        return true
      default:
        return false
    }
  }
  return { before: plan.filter((step) => !waits(step)), after: plan.filter(waits) }
}

type ElementOperation = Extract<Operation, { readonly kind: 'add-element' | 'delete-element' }>

function idOf({ family, set: { name: set }, key }: ElementOperation): string {
  return elementId({ family, set, key })
}

function leavingServer(step: Step): string[] {
  if (step.kind !== 'delete-element' || step.set.name !== setsOf('vip').known) return []
  return [step.key]
}

function serverOf(key: Tuple): string {
  return withoutLastFields(key, 1)
}
