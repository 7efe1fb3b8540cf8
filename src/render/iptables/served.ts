import {
  type FrontendChange,
  type ServedFrontends,
  without,
} from '../../frontend/frontend-change.ts'
import { intervalContains } from '../../frontend/intervals.ts'
import type { TableFamily } from '../../model/family.ts'
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
    every: () =>
      (['ip', 'ip6'] as const).flatMap((family) =>
        Array.from(families[family].wants.fronts.keys(), (id) => ({ family, id })),
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

/** Returns which of these frontends lead elsewhere now, came, or went from one Service to another. */
export function frontendChanges(steps: readonly FrontStep[]): readonly FrontendChange[] {
  return steps.flatMap(({ family, id, before, after }) => {
    const [former, present] = [endpointsOf(before), endpointsOf(after)]
    const gone = without(former, present)
    const isPassedOn = before && after && before.label !== after.label
    const isSame = gone.size === 0 && former.size === present.size && before !== undefined
    if (isSame && !isPassedOn) return []
    return [
      {
        family,
        id,
        before: { leads: former.size > 0, label: before?.label },
        after: { leads: present.size > 0, label: after?.label },
        gone,
      },
    ]
  })
}
