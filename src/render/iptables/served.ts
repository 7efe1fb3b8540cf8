import type { FrontendChange, ServedFrontends } from '../../frontend/frontend-change.ts'
import { intervalContains } from '../../frontend/intervals.ts'
import type { TableFamily } from '../../model/family.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { FamilyLowering } from './family-lowering.ts'
import type { FrontStep } from './family-wants.ts'
import { endpointsOf, isDispatched } from './front.ts'

type Families = Readonly<Record<TableFamily, Pick<FamilyLowering, 'wants' | 'surroundings'>>>

/** Returns where the frontends lead whose chains these are. */
export function servedByChains(families: Families): ServedFrontends {
  return {
    all: () =>
      (['ip', 'ip6'] as const).flatMap((family) =>
        [...families[family].wants.fronts]
          .filter(([, front]) => endpointsOf(front).size > 0)
          .map(([id]) => ({ family, id })),
      ),
    endpoints: ({ family, id }) => endpointsOf(families[family].wants.fronts.get(id)),
    has: ({ family, id }) => {
      const front = families[family].wants.fronts.get(id)
      return front !== undefined && isDispatched(front)
    },
    // Without ranges, every address of the node answers.
    answersNodePorts: (family, address) => {
      const ranges = families[family].surroundings.ranges.nodePorts
      return ranges.length === 0 || ranges.some((range) => intervalContains(range, address))
    },
  }
}

/** Returns which of these frontends lead elsewhere now, or went from one Service to another. */
export function frontendChanges(steps: readonly FrontStep[]): readonly FrontendChange[] {
  return steps.flatMap(({ family, id, before, after }) => {
    const [former, present] = [endpointsOf(before), endpointsOf(after)]
    const isPassedOn = before && after && before.label !== after.label
    if (sameEndpoints(former, present) && !isPassedOn) return []
    return [
      {
        family,
        id,
        before: { endpoints: former, label: before?.label },
        after: { endpoints: present, label: after?.label },
      },
    ]
  })
}

function sameEndpoints(a: ReadonlySet<Tuple>, b: ReadonlySet<Tuple>): boolean {
  return a.size === b.size && [...a].every((endpoint) => b.has(endpoint))
}
