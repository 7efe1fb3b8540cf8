import { withoutLastFields } from '../../model/tuple.ts'
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
  const added = new Set(plan.flatMap((step) => (step.kind === 'add-element' ? [idOf(step)] : [])))
  const leaves = serversThatLeave(plan, added)
  const waits = (step: Step): boolean => {
    if (anew.has(step.family)) return false
    switch (step.kind) {
      case 'add-element':
        return guards(step) && leaves(serverOf(step))
      case 'delete-element':
        // The kernel refuses ranges that overlap, so those that come and those that go instead
        // belong in one transaction: the last one if the server goes, which they guard until then.
        if (guards(step)) return leaves(serverOf(step))
        return step.set.interval !== true && !added.has(idOf(step))
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

/** Returns whether the element says which clients may come to a server. */
function guards({ set }: ElementOperation): boolean {
  return set.name === SETS.allowedSources
}

type Server = Pick<ElementOperation, 'family' | 'key'>

/** Returns the server that an element with a range guards. */
function serverOf({ family, key }: ElementOperation): Server {
  return { family, key: withoutLastFields(key, 1) }
}

/** Returns what tells which servers the table no longer knows after the plan, which adds these elements. */
function serversThatLeave(plan: Plan, added: ReadonlySet<string>): (server: Server) => boolean {
  const known = setsOf('vip').known
  const gone = new Set(
    plan.flatMap((step) =>
      step.kind === 'delete-element' && step.set.name === known && !added.has(idOf(step))
        ? step.key
        : [],
    ),
  )
  // A set goes at once, with the last server, or all of them, in it.
  const without = new Set(
    plan.flatMap((step) => (step.kind === 'delete-set' && step.set === known ? step.family : [])),
  )
  return ({ family, key }) => without.has(family) || gone.has(key)
}
