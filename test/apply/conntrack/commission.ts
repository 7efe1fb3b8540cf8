import type { ElementStep } from '../../../src/plan/plan-delta.ts'
import type { TcpFlows } from '../../../src/plan/stale-flows.ts'
import type { ElementValue, Ruleset, TableFamily, Tuple } from '../../../src/ruleset/types.ts'

type Entries = readonly (readonly [string, readonly (readonly [Tuple, ElementValue])[]])[]

/** What to clean after: as much of a commit as goes through a pipe. */
export interface Commission {
  readonly steps: readonly ElementStep[]
  readonly elements: Readonly<Record<TableFamily, Entries>>
  readonly tcp: TcpFlows
}

export function commission(
  steps: readonly ElementStep[],
  after: Ruleset,
  tcp: TcpFlows,
): Commission {
  const entries = (family: TableFamily): Entries =>
    [...(after[family]?.elements ?? [])].map(([set, held]) => [set, [...held]])
  return { steps, elements: { ip: entries('ip'), ip6: entries('ip6') }, tcp }
}

export function rulesetOf(elements: Commission['elements']): Ruleset {
  const table = <Family extends TableFamily>(family: Family) => ({
    family,
    sets: new Map(),
    chains: new Map(),
    elements: new Map(elements[family].map(([set, held]) => [set, new Map(held)])),
  })
  return { ip: table('ip'), ip6: table('ip6') }
}
