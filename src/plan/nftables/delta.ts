import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import { setSchema } from '../../ruleset/nftables/set-schema.ts'
import type { Chain, ElementStep, KernelChain, SetSchema } from '../../ruleset/nftables/types.ts'
import type { Operation, Plan } from './operation.ts'
import { inOrder, leadsToChains, noPhases, type Phases, planChains } from './plan.ts'

/** What a table is made of, without its elements. */
interface Shape<SomeChain> {
  readonly chains: ReadonlyMap<string, SomeChain>
  readonly sets: ReadonlyMap<string, SetSchema>
}

interface FrameStep {
  readonly before: Shape<KernelChain>
  readonly after: Shape<Chain> & { readonly base: ReadonlyMap<string, readonly Tuple[]> }
}

/**
 * Plans known changes of one family; the cost depends on the changes alone. Tables that come or go
 * are left to `plan`.
 */
export function planDelta(
  family: TableFamily,
  elements: readonly ElementStep[],
  frame: FrameStep | undefined,
): Plan {
  const phases = noPhases()
  if (frame !== undefined) planFrame(phases, family, frame)
  for (const { set, key, before, after } of elements) {
    const schema = setSchema(family, set)
    // The elements of a set go with the set.
    const stays = frame === undefined || frame.after.sets.has(set)
    if (before !== undefined && (stays || leadsToChains(schema))) {
      phases.removeElements.push({
        kind: 'delete-element',
        family,
        set: schema,
        key,
        value: before,
      })
    }
    if (after !== undefined) {
      phases.addElements.push({ kind: 'add-element', family, set: schema, key, value: after })
    }
  }
  return inOrder(phases)
}

function planFrame(phases: Phases, family: TableFamily, { before, after }: FrameStep): void {
  for (const [name, set] of after.sets) {
    if (before.sets.has(name)) continue
    phases.create.push({ kind: 'add-set', family, set })
    const keys = after.base.get(name) ?? []
    phases.addElements.push(
      ...keys.map((key): Operation => ({ kind: 'add-element', family, set, key, value: {} })),
    )
  }
  for (const name of before.sets.keys()) {
    if (!after.sets.has(name)) phases.destroy.push({ kind: 'delete-set', family, set: name })
  }
  planChains(phases, family, before.chains, after.chains)
}
